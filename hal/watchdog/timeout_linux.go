package watchdog

import (
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// setTimeout returns the time-out that the driver took.
func setTimeout(f *os.File, d time.Duration) (time.Duration, error) {
	seconds := int32((d + time.Second - 1) / time.Second)
	conn, err := f.SyscallConn()
	if err != nil {
		return 0, err
	}
	var errno unix.Errno
	err = conn.Control(func(fd uintptr) {
		_, _, errno = unix.Syscall(unix.SYS_IOCTL, fd, unix.WDIOC_SETTIMEOUT, uintptr(unsafe.Pointer(&seconds)))
	})
	if err == nil && errno != 0 {
		err = errno
	}
	return time.Duration(seconds) * time.Second, err
}
