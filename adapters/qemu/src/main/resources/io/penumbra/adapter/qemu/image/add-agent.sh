#!/bin/sh
# Builds agent.gz in the current directory: what comes on top of the lab's guest for one that has QEMU's guest agent and a
# file system on its first disk. Downloads Debian's packages without installing them. Boot it with rdinit=/agent-init.
set -eu

rm -rf packages unpacked root
mkdir packages unpacked
quiet='-qq -o APT::Sandbox::User=root'
kernel=$(apt-cache depends linux-image-cloud-amd64 2>/dev/null | awk '$1 == "Depends:" { print $2; exit }')
# shellcheck disable=SC2086 # options are separated by blanks
(cd packages && apt-get $quiet download "$kernel" qemu-guest-agent libglib2.0-0 libnuma1 libudev1 liburing2 libpcre2-8-0)
for package in packages/*.deb; do dpkg-deb --extract "$package" unpacked; done

mkdir -p root/bin root/modules root/lib/x86_64-linux-gnu root/data root/run root/var/run
cp unpacked/usr/sbin/qemu-ga root/bin/
libraries=$PWD/unpacked/usr/lib/x86_64-linux-gnu:$PWD/unpacked/lib/x86_64-linux-gnu
LD_LIBRARY_PATH=$libraries ldd unpacked/usr/sbin/qemu-ga |
  awk '$3 ~ /^\// { print $3 }' | sort -u | while read -r library; do
    cp -L "$library" root/lib/x86_64-linux-gnu/
  done

# In this order: a module comes after those it needs. What is built into the kernel has no file.
modules='virtio_console crc16 crc32c_generic libcrc32c mbcache jbd2 ext4'
for module in $modules; do
  find unpacked/lib/modules unpacked/usr/lib/modules -name "$module.ko*" 2>/dev/null | while read -r file; do
    case "$file" in
      *.xz) xz -dc "$file" >"root/modules/$module.ko" ;;
      *) cp "$file" "root/modules/$module.ko" ;;
    esac
  done
done

cat >root/agent-init <<INIT
#!/bin/busybox sh
/bin/busybox mount -t devtmpfs devtmpfs /dev
(
  export PATH=/bin
  while [ ! -b /dev/vda ]; do /bin/busybox sleep 0.2; done
  for module in $modules; do
    [ ! -e /modules/\$module.ko ] || insmod /modules/\$module.ko
  done
INIT
cat >>root/agent-init <<'INIT'
  mount -t ext4 /dev/vda /data
  for port in /sys/class/virtio-ports/*; do
    case "$(cat $port/name)" in
      org.qemu.guest_agent.0) qemu-ga -m virtio-serial -p /dev/${port##*/} -t /tmp -f /tmp/qemu-ga.pid & ;;
    esac
  done
  echo penumbra: agent started
  mkfifo /tmp/again
  count=0
  while :; do
    count=$((count + 1))
    echo "written $count" >>/data/log
    sync
    echo "penumbra: written $count"
    read -t 0.2 _ <>/tmp/again
  done
) &
exec /init
INIT
chmod +x root/agent-init

(cd root && find . | LC_ALL=C sort | cpio --quiet -o -H newc -R 0:0) | gzip -1n >agent.gz
rm -rf packages unpacked root
