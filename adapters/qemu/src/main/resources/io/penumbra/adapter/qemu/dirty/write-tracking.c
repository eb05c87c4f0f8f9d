/*
 * Preloaded into a QEMU that we start: lets another process ask which pages of the guest's memory
 * were written (PAGEMAP_SCAN). The kernel only tells of a mapping that its own process has registered with
 * userfaultfd for asynchronous write protection; so that is what this does, once, when QEMU maps the
 * file named by PENUMBRA_RAM. If the kernel won't have it, it changes nothing.
 *
 * And more than one client may wait at the guest's door: see listen() below. It changes nothing else.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Headers may be older than the kernel: Linux 6.7 brought these. */
#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY 1
#endif
#define WP_HUGETLBFS_SHMEM (1ULL << 12)
#define WP_UNPOPULATED (1ULL << 13)
#define WP_ASYNC (1ULL << 15)

/* As many as Linux lets wait at most, unless somebody has set another bound. */
#define CLIENTS_WAITING 4096

static void *map(void *address, size_t length, int protection, int flags, int file, off_t offset) {
  return (void *)syscall(SYS_mmap, address, length, protection, flags, file, offset);
}

static int is_guest_ram(int file) {
  const char *ram = getenv("PENUMBRA_RAM");
  char link[64], path[4096];
  if (!ram || file < 0) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return strcmp(path, ram) == 0;
}

static void track(void *address, size_t length) {
  /* The descriptor stays open: with it the kernel's bookkeeping would go. */
  int tracker = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
  if (tracker < 0) tracker = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | UFFD_USER_MODE_ONLY);
  if (tracker < 0) return;
  struct uffdio_api api = {.api = UFFD_API, .features = WP_ASYNC | WP_HUGETLBFS_SHMEM | WP_UNPOPULATED};
  struct uffdio_register range = {
      .range = {.start = (unsigned long)address, .len = length}, .mode = UFFDIO_REGISTER_MODE_WP};
  if (ioctl(tracker, UFFDIO_API, &api) || ioctl(tracker, UFFDIO_REGISTER, &range)) {
    close(tracker);
    return;
  }
  /* What QEMU itself starts has nothing to do with this. */
  unsetenv("LD_PRELOAD");
}

void *mmap(void *address, size_t length, int protection, int flags, int file, off_t offset) {
  void *mapped = map(address, length, protection, flags, file, offset);
  if (mapped != MAP_FAILED && (flags & MAP_SHARED) && (protection & PROT_WRITE)) {
    int before = errno;
    if (is_guest_ram(file)) track(mapped, length);
    errno = before;
  }
  return mapped;
}

void *mmap64(void *address, size_t length, int protection, int flags, int file, off_t offset) {
  return mmap(address, length, protection, flags, file, offset);
}

/*
 * QEMU's user network takes a guest's clients with listen(socket, 1). Of fifty that come in the same millisecond
 * (all of a gateway's, after a takeover) most find the queue full, and that is worse than being refused: they
 * have been told that they are connected, their requests are dropped, and after a minute they are reset.
 */
int listen(int socket, int waiting) {
  int family = 0;
  socklen_t size = sizeof family;
  if (!getsockopt(socket, SOL_SOCKET, SO_DOMAIN, &family, &size) && (family == AF_INET || family == AF_INET6) &&
      waiting < CLIENTS_WAITING)
    waiting = CLIENTS_WAITING;
  return (int)syscall(SYS_listen, socket, waiting);
}
