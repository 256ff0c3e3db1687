# enter.sh ROOT FOLDERS COMMAND…: run a command, such as chroot, beside a root that has /dev, /proc and FOLDERS of
# this machine. It runs in mount and process namespaces, which end with it: neither a mount nor a process is left.
set -eu
root=$1 folders=$2
shift 2
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
for folder in $folders; do
    mkdir -p "$root$folder"
    mount --bind "$folder" "$root$folder"
done
# This shell is the first process inside, and waits for whatever loses its parent.
"$@" || exit $?
