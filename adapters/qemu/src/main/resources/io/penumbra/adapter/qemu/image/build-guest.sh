#!/bin/sh
# Builds vmlinuz and initrd.gz in the current directory from Debian's packages: the cloud kernel, busybox, Redis in memory only.
# Downloads packages without installing them, so it need not be root. Needs apt-get, dpkg-deb, cpio, gzip, ldd.
#
# On the kernel's command line:
#   penumbra.load=idle   no Redis
#   penumbra.disk=1      some times a second a line with a counter goes to each disk, and is flushed
set -eu

for tool in apt-get apt-cache dpkg-deb cpio gzip ldd; do
  command -v "$tool" >/dev/null || { echo "$tool is missing" >&2; exit 3; }
done
rm -rf packages unpacked root
mkdir packages unpacked
# The account that apt uses for downloads may not write here; as root it then does so itself, and says so.
quiet='-qq -o APT::Sandbox::User=root'
kernel() { apt-cache depends linux-image-cloud-amd64 2>/dev/null | awk '$1 == "Depends:" { print $2; exit }'; }
kernel=$(kernel)
if [ -z "$kernel" ] && [ "$(id -u)" = 0 ]; then
  apt-get -qq update
  kernel=$(kernel)
fi
if [ -z "$kernel" ]; then
  echo 'no list of packages; as root: apt-get update' >&2
  exit 4
fi
# shellcheck disable=SC2086 # options are separated by blanks
(cd packages && apt-get $quiet download "$kernel" busybox-static redis-server redis-tools liblzf1 libjemalloc2)
for package in packages/*.deb; do dpkg-deb --extract "$package" unpacked; done

mkdir -p root/bin root/proc root/sys root/dev root/tmp root/modules root/lib64 root/lib/x86_64-linux-gnu
cp unpacked/bin/busybox root/bin/ 2>/dev/null || cp unpacked/usr/bin/busybox root/bin/
cp -L unpacked/usr/bin/redis-server root/bin/
LD_LIBRARY_PATH="$PWD/unpacked/usr/lib/x86_64-linux-gnu" ldd unpacked/usr/bin/redis-server |
  awk '$3 ~ /^\// { print $3 }' | sort -u | while read -r library; do
    cp -L "$library" root/lib/x86_64-linux-gnu/
  done
cp -L /lib64/ld-linux-x86-64.so.2 root/lib64/

# In this order: a module comes after those it needs. What is built into the kernel has no file.
modules='virtio_ring virtio virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci failover net_failover virtio_net virtio_blk'
for module in $modules; do
  find unpacked/lib/modules unpacked/usr/lib/modules -name "$module.ko*" 2>/dev/null | while read -r file; do
    case "$file" in
      *.xz) xz -dc "$file" >"root/modules/$module.ko" ;;
      *) cp "$file" "root/modules/$module.ko" ;;
    esac
  done
done

cat >root/init <<INIT
#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t tmpfs tmpfs /tmp
for module in $modules; do
  [ ! -e /modules/\$module.ko ] || insmod /modules/\$module.ko
done
ip link set lo up
ip link set eth0 up
ip addr add 10.0.2.15/24 dev eth0
ip route add default via 10.0.2.2
INIT
cat >>root/init <<'INIT'
case "$(cat /proc/cmdline)" in
  *penumbra.disk=1*)
    mkfifo /tmp/never
    (
      count=0
      while :; do
        count=$((count + 1))
        for disk in /dev/vd?; do
          printf '%-510s\n\n' "count $count" | dd of=$disk bs=512 seek=$((count % 64 * 16)) conv=notrunc,fsync 2>/dev/null
          printf '%-510s\n\n' "last $count" | dd of=$disk bs=512 seek=2048 conv=notrunc,fsync 2>/dev/null
        done
        read -t 0.2 _ <>/tmp/never
      done
    ) &
    ;;
esac
echo penumbra: ready
case "$(cat /proc/cmdline)" in
  *penumbra.load=idle*) exec sleep 1000000 ;;
esac
exec redis-server --bind 0.0.0.0 --protected-mode no --save "" --appendonly no
INIT
chmod +x root/init

(cd root && find . | LC_ALL=C sort | cpio --quiet -o -H newc -R 0:0) | gzip -1n >initrd.gz
cp unpacked/boot/vmlinuz-* vmlinuz
rm -rf packages unpacked root
