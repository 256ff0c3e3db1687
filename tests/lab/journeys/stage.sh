# Functions for the situations of table.toml. A shell of root in the container reads this file first, and so does
# the editor of the person, with the path of the edited file in `settings`.
# shellcheck shell=sh

settings=${settings:-/etc/teleinfo/teleinfo.env}
ADAPTER=usb-FTDI_FT230X_Basic_UART_D3000000-if00-port0
LAN=192.168.77.1
HERE=/opt/checkout/tests/lab/journeys
PUBLIC=203.0.113.7

plug() { # NAME [OPTION…]: let `teleinfo simulate OPTION…` be a meter at /dev/NAME
    name=$1
    shift
    unplug "$name"
    systemd-run --quiet --collect --unit="stage-$name" -E PYTHONPATH=/opt/checkout/src -E PYTHONDONTWRITEBYTECODE=1 \
        /usr/bin/python3 -m teleinfo simulate --seed 1 --link "/run/stage-$name" "$@"
    until [ -e "/run/stage-$name" ]; do sleep 0.1; done
    # A mount, not a link: the port then has the name of a real one.
    touch "/dev/$name"
    mount --bind "$(readlink -f "/run/stage-$name")" "/dev/$name"
    chgrp dialout "/dev/$name"
    chmod 660 "/dev/$name"
}

unplug() { # NAME…: end the meter, and remove the port
    for each in "$@"; do
        systemctl stop "stage-$each" 2>/dev/null || true
        # systemd-run takes no name of a unit that systemd has not forgotten yet.
        while [ "$(systemctl show -P LoadState "stage-$each")" = loaded ]; do sleep 0.1; done
        umount --lazy "/dev/$each" 2>/dev/null || true
        rm -f "/dev/$each"
    done
}

adapter() { # NAME: name the port as udev names a USB adapter
    mkdir -p /dev/serial/by-id
    ln -sf "/dev/$1" "/dev/serial/by-id/$ADAPTER"
}

usb() { # the meter is at an adapter, with nothing on the UART
    unplug ttyAMA0
    plug ttyUSB0
    adapter ttyUSB0
}

bridge() { # serve the meter at port 2000 of this machine
    usb
    stage bridge /usr/bin/socat TCP-LISTEN:2000,reuseaddr,fork FILE:/dev/ttyUSB0,b1200,raw,echo=0
}

stage() { # NAME COMMAND…: run a program beside the service until the end of the journey
    name=$1
    shift
    systemd-run --quiet --collect --unit="stage-$name" "$@"
}

taken() { # COMMAND…: run a program without a unit, and wait until it has /dev/ttyAMA0 open
    setsid "$@" >/dev/null 2>&1 &
    for _ in $(seq 300); do
        for descriptor in "/proc/$!/fd"/*; do
            if [ "$descriptor" -ef /dev/ttyAMA0 ]; then return; fi
        done
        sleep 0.1
    done
    echo "$1 has not opened /dev/ttyAMA0" >&2
    return 1
}

broker() { # LINE…: give mosquitto this configuration in place of that of the package
    printf '%s\n' "$@" >/etc/mosquitto/conf.d/stage.conf
    systemctl restart mosquitto
}

everywhere() { # let mosquitto listen at all addresses, for anybody
    broker 'listener 1883 ::' 'listener 1883 0.0.0.0' 'allow_anonymous true'
}

with_accounts() { # [LINE…]: let mosquitto want an account, maison with the password secret
    touch /etc/mosquitto/passwd
    mosquitto_passwd -b /etc/mosquitto/passwd maison secret 2>/dev/null
    chown mosquitto: /etc/mosquitto/passwd
    broker 'listener 1883' 'allow_anonymous false' 'password_file /etc/mosquitto/passwd' "$@"
}

with_rights() { # LINE…: the same, with this list of rights
    printf '%s\n' "$@" >/etc/mosquitto/acl
    chown mosquitto: /etc/mosquitto/acl
    with_accounts 'acl_file /etc/mosquitto/acl'
}

encrypted() { # [LINE…]: let mosquitto speak TLS, with the certificate `server` of the authority `ca`
    broker 'listener 8883' 'allow_anonymous true' 'cafile /etc/mosquitto/certs/ca.pem' \
        'certfile /etc/mosquitto/certs/server.pem' 'keyfile /etc/mosquitto/certs/server.key' "$@"
}

trusted() { # make the authority `ca`, and let the household have its certificate
    authority ca
    cp /etc/mosquitto/certs/ca.pem /etc/teleinfo/ca.pem
}

remembered() { # go into the folder of the memory
    mkdir -p /var/lib/private/teleinfo
    cd /var/lib/private/teleinfo || exit
}

home() { # ADDRESS…: give this machine more addresses
    for each in "$@"; do
        ip address add "$each" dev lo nodad 2>/dev/null || ip address add "$each" dev lo
    done
}

dropping() { # ADDRESS: let an address of the same network drop all that is sent to it
    ip link add stage0 type veth peer name stage1
    ip address add "${1%.*}.1/24" dev stage0
    ip link set stage0 up
    ip link set stage1 up
    ip neighbour replace "$1" lladdr 02:00:00:00:00:99 dev stage0
}

phone() { # let another device, in a network namespace of its own, reach this machine at $LAN
    ip netns add phone
    ip link add stage0 type veth peer name stage1 netns phone
    ip address add "$LAN/24" dev stage0
    ip -n phone address add "${LAN%.*}.2/24" dev stage1
    ip link set stage0 up
    ip -n phone link set stage1 up
}

setting() { # LINE…: put lines into the settings, in place of those of the same variables
    for line in "$@"; do
        without "${line%%=*}"
        printf '%s\n' "$line" >>"$settings"
    done
}

without() { # VARIABLE…: remove the lines of these variables from the settings
    for variable in "$@"; do sed -i "/^$variable=/d" "$settings"; done
}

names() { # ADDRESS NAME ANSWER: let the name server of this machine be at ADDRESS, and know a name
    home "$1/32"
    stage "dns-$1" /usr/bin/python3 -I "$HERE/name_server.py" "$@"
    printf 'nameserver %s\n' "$1" >/etc/resolv.conf
    # The unit of the name servers looks every 2 s, if it runs already; a person asks the doctor later than that.
    for _ in $(seq 50); do
        ! grep -qxF "IPAddressAllow=$1" /run/systemd/generator/teleinfo.service.d/10-name-servers.conf || return 0
        sleep 0.2
    done
    echo "the sandbox does not know $1 after 10 s" >&2
    return 1
}

unit_line() { # LINE…: add lines to the unit, before those of `systemctl edit`
    mkdir -p /etc/systemd/system/teleinfo.service.d
    printf '%s\n' '[Service]' "$@" >/etc/systemd/system/teleinfo.service.d/20-stage.conf
    systemctl daemon-reload
}

authority() { # NAME: make a certificate authority by the line of mosquitto-tls(7)
    (
        cd /etc/mosquitto/certs
        openssl req -new -x509 -days 3650 -extensions v3_ca -nodes -subj "/CN=$1" -keyout "$1.key" -out "$1.pem"
    ) 2>/dev/null
}

certificate() { # NAME HOST AUTHORITY [DAYS]: make one of a server or a client, as that page does
    (
        cd /etc/mosquitto/certs
        openssl genrsa -out "$1.key" 2048
        openssl req -new -subj "/CN=$2" -addext "subjectAltName=DNS:$2" -key "$1.key" -out "$1.csr"
        openssl x509 -req -in "$1.csr" -CA "$3.pem" -CAkey "$3.key" -CAcreateserial -copy_extensions copy \
            -days "${4:-3650}" -out "$1.pem"
        chmod 644 "$1.key"
    ) 2>/dev/null
}

small() { # FOLDER: leave no room on the disk of this folder
    mkdir -p "$1"
    mount -t tmpfs -o size=4k tmpfs "$1"
    head -c 4096 /dev/zero >"$1/other"
}

clock() { # OFFSET: let the clock of the services be off by so much; the machine has no clock of its own
    printf '%s\n' "$1" >/etc/faketimerc
    for unit in teleinfo teleinfo-web; do
        mkdir -p "/run/systemd/system/$unit.service.d"
        # A semaphore in /dev/shm, where the sandbox forbids to write, would serve several processes.
        printf '%s\n' '[Service]' "Environment=LD_PRELOAD=$(dpkg -L libfaketime | grep 'libfaketime.so.1$')" \
            'Environment=FAKETIME_DISABLE_SHM=1 FAKETIME_DONT_FAKE_MONOTONIC=1 FAKETIME_CACHE_DURATION=1' \
            >"/run/systemd/system/$unit.service.d/clock.conf"
    done
    systemctl daemon-reload
}

machine() { # LOCALE ZONE: let the machine have this locale and this time zone
    printf 'LANG=%s\n' "$1" >/etc/default/locale
    systemctl set-environment "LANG=$1"
    ln -sf "/usr/share/zoneinfo/$2" /etc/localtime
}

other_day() { # print a time zone in which it is now another day than in France
    hour=$(date -u +%-H)
    if [ "$hour" -ge 10 ] && [ "$hour" -lt 23 ]; then echo Pacific/Kiritimati; else echo Pacific/Pago_Pago; fi
}

page() { # type the last lines of the README
    echo TELEINFO_WEB_LISTEN=0.0.0.0:8080 >>"$settings"
    systemctl enable --now --quiet teleinfo-web
}

upgraded() { # removed|replaced: let this machine have another Python than that of the program's environment
    cp -a /opt/teleinfo /srv/program
    python=$(echo /opt/teleinfo/bin/python3.*)
    case $1 in
    removed) ln -sf /usr/bin/python3.0 "$python" ;;
    # The environment was made with `python3`, which is another one now.
    replaced)
        ln -sf /usr/bin/python3 "$python"
        mv /opt/teleinfo/lib/python3.* /opt/teleinfo/lib/python3.0
        sed -i 's|"/usr/bin/python3[.0-9]*"|"/usr/bin/python3.0"|' /opt/teleinfo/bin/teleinfo
        ;;
    esac
}

second() { # LINE…: a second meter, whose settings are a copy of the first one's, but for its port and these lines
    plug ttyUSB0 --number 031528987654
    install -m 0600 "$settings" /etc/teleinfo/production.env
    (
        settings=/etc/teleinfo/production.env
        setting TELEINFO_SERIAL_PORT=/dev/ttyUSB0 "$@"
    )
    systemctl start teleinfo@production
}

converted() { # ENCODING: save the settings in this encoding
    iconv -f UTF-8 -t "$1" "$settings" >/run/converted
    cat /run/converted >"$settings"
}

inside() { # COMMAND: see inside.py
    PYTHONPATH=/opt/checkout/src PYTHONDONTWRITEBYTECODE=1 python3 "$HERE/inside.py" "$1"
}

today() { # print the energy of today, in Wh
    mosquitto_sub -t teleinfo/state -C 1 -R | sed -n 's/.*"energy":.*"today":{"imported":\([0-9]*\).*/\1/p'
}

year() { # print the year of the last frame
    mosquitto_sub -t teleinfo/state -C 1 -R | sed 's/{"time":"\([0-9]*\).*/\1/'
}

began() { # return once the service runs, reads the meter and is connected
    systemctl start teleinfo
    until works; do sleep 0.2; done
}

said() { # OPTION…: return once the service, since its start, has logged what `grep OPTION…` finds
    run=$(systemctl show -P InvocationID teleinfo)
    until journalctl "_SYSTEMD_INVOCATION_ID=$run" | grep -q "$@"; do sleep 0.5; done
}

cut_off() { # return once the service lacks the broker
    while works; do sleep 0.2; done
}

works() { # does the service read the meter, and is it connected?
    systemctl show -P StatusText teleinfo | grep -E '^mode .*; (connecté au|connected to the) broker' |
        grep -q -v -E 'aucune trame encore|no frame yet'
}

reset() { # undo all of the above, and leave the service stopped
    systemctl disable --quiet --now teleinfo-web
    systemctl stop teleinfo 'teleinfo@*' 'stage-*'
    machine fr_FR.UTF-8 Europe/Paris
    rm -f /etc/systemd/system/*getty*.service /etc/systemd/system/*/*getty*.service
    systemctl unmask --quiet teleinfo
    systemctl reset-failed
    pkill -x 'socat|agetty' || true
    pkill -f 'teleinfo run' || true
    for port in /dev/ttyAMA* /dev/ttyUSB*; do unplug "${port#/dev/}"; done
    rm -rf /dev/serial /etc/systemd/system/teleinfo.service.d /run/systemd/system/teleinfo*.service.d
    if [ -e /srv/program ]; then
        rm -rf /opt/teleinfo
        mv /srv/program /opt/teleinfo
    fi
    cp -pr /srv/units/. /usr/local/lib/systemd/system
    systemctl daemon-reload
    umount /proc/cmdline /var/lib/private/teleinfo-web /var/lib/private/teleinfo 2>/dev/null || true
    rm -rf /etc/teleinfo
    cp -pr /srv/clean /etc/teleinfo
    cp /etc/teleinfo/hosts /etc/hosts
    rm -rf /etc/resolv.conf /var/lib/private/teleinfo*/* /etc/mosquitto/conf.d/* /etc/mosquitto/passwd /etc/mosquitto/acl
    : >/etc/resolv.conf
    ip link delete stage0 2>/dev/null || true
    ip netns delete phone 2>/dev/null || true
    ip address flush dev lo
    ip address add 127.0.0.1/8 dev lo
    ip address add ::1/128 dev lo nodad
    ip link set lo up
    systemctl enable --quiet teleinfo
    systemctl stop mosquitto
    rm -rf /var/lib/mosquitto/* /etc/mosquitto/certs/*
    systemctl start mosquitto
    plug ttyAMA0
}
