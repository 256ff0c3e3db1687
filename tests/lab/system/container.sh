# container.sh boot ROOT CHECKOUT GROUP: boot the system in ROOT, in a control group of its own.
# container.sh clean GROUP: remove what is left of the control group.
#
# In a mount namespace with cgroups of version 2, which systemd wants, whatever this machine has.
umount -R /sys/fs/cgroup 2>/dev/null
set -e
mount -t cgroup2 none /sys/fs/cgroup
case $1 in
boot)
    mount -t tmpfs tmpfs /run
    mkdir -p "/sys/fs/cgroup/$4"
    echo $$ >"/sys/fs/cgroup/$4/cgroup.procs"
    # The two capabilities are for IPAddressDeny=, which is else silently without effect.
    exec systemd-nspawn --quiet --directory="$2" --boot --machine=meterhouse --private-network --register=no \
        --keep-unit --console=read-only --capability=CAP_BPF,CAP_PERFMON --bind-ro="$3:/opt/checkout"
    ;;
clean)
    find "/sys/fs/cgroup/$2" -depth -type d -exec rmdir {} +
    ;;
esac
