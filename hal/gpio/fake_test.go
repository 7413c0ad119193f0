//go:build linux

package gpio

import (
	"encoding/binary"
	"sync"
	"syscall"
	"testing"
	"unsafe"

	"periph.io/x/conn/v3/gpio"
)

// fakeKernel answers the package's calls as the kernel would. Line requests are
// real pipes, so that waiting works as in earnest.
type fakeKernel struct {
	mu       sync.Mutex
	boards   []fakeChip
	links    map[string]string // from paths to paths of chips
	open_    map[int]string    // descriptors of chips
	requests map[int]*fakeLine // descriptors of line requests
	next     int
	calls    []uint // numbers of line calls, in order
	now      int64  // of the clock, 0 is the real one
}

type fakeChip struct {
	path, label string
	lines       []*fakeLine
}

type fakeLine struct {
	name, consumer string
	used           bool
	config         lineConfig
	queue          uint32
	level          bool
	pipe           [2]int
	sequence       uint32
}

func newFake() *fakeKernel {
	named := func(names ...string) (all []*fakeLine) {
		for _, n := range names {
			all = append(all, &fakeLine{name: n})
		}
		return all
	}
	return &fakeKernel{
		boards: []fakeChip{
			{"/dev/gpiochip10", "expander", named("LED", "FAULT")},
			{"/dev/gpiochip2", "pinctrl-soc", named("RESET", "INT", "", "LED")},
		},
		open_: map[int]string{}, requests: map[int]*fakeLine{}, next: 100000,
	}
}

func (k *fakeKernel) line(path string, offset int) *fakeLine {
	for _, c := range k.boards {
		if c.path == path && offset < len(c.lines) {
			return c.lines[offset]
		}
	}
	return nil
}

func (k *fakeKernel) chips() (paths []string, err error) {
	for _, c := range k.boards {
		paths = append(paths, c.path)
	}
	for link := range k.links {
		paths = append(paths, link)
	}
	return paths, nil
}

func (k *fakeKernel) open(path string) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if target, ok := k.links[path]; ok {
		path = target
	}
	for _, c := range k.boards {
		if c.path == path {
			k.next++
			k.open_[k.next] = path
			return k.next, nil
		}
	}
	return -1, syscall.ENOENT
}

func (k *fakeKernel) close(fd int) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, ok := k.open_[fd]; !ok {
		return syscall.EBADF
	}
	delete(k.open_, fd)
	return nil
}

func (k *fakeKernel) read(fd int, p []byte) (int, error) { return syscall.Read(fd, p) }

func (k *fakeKernel) monotonic() int64 {
	if k.now != 0 {
		return k.now
	}
	return system{}.monotonic()
}

func (k *fakeKernel) ioctl(fd int, request uint, arg unsafe.Pointer) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if path, ok := k.open_[fd]; ok {
		return k.chipCall(path, request, arg)
	}
	l := k.requests[fd]
	if l == nil {
		return syscall.EBADF
	}
	k.calls = append(k.calls, request)
	switch request {
	case setConfig:
		l.configure((*lineConfig)(arg))
	case getValues:
		v := (*lineValues)(arg)
		v.bits = 0
		if l.level {
			v.bits = v.mask & 1
		}
	case setValues:
		if l.config.flags&flagOutput == 0 {
			return syscall.EPERM
		}
		l.level = (*lineValues)(arg).bits&1 != 0
	default:
		return syscall.ENOTTY
	}
	return nil
}

func (k *fakeKernel) chipCall(path string, request uint, arg unsafe.Pointer) error {
	switch request {
	case getChipInfo:
		info := (*chipInfo)(arg)
		for _, c := range k.boards {
			if c.path == path {
				copy(info.name[:], c.path[len("/dev/"):])
				copy(info.label[:], c.label)
				info.lines = uint32(len(c.lines))
			}
		}
	case getLineInfo:
		info := (*lineInfo)(arg)
		l := k.line(path, int(info.offset))
		if l == nil {
			return syscall.EINVAL
		}
		copy(info.name[:], l.name)
		copy(info.consumer[:], l.consumer)
		if l.used {
			info.flags |= flagUsed
		}
	case getLine:
		return k.request(path, (*lineRequest)(arg))
	default:
		return syscall.ENOTTY
	}
	return nil
}

func (k *fakeKernel) request(path string, r *lineRequest) error {
	l := k.line(path, int(r.offsets[0]))
	switch {
	case l == nil || r.lines != 1:
		return syscall.EINVAL
	case l.used:
		return syscall.EBUSY
	}
	if err := syscall.Pipe2(l.pipe[:], syscall.O_CLOEXEC); err != nil {
		return err
	}
	k.calls = append(k.calls, getLine)
	l.used, l.queue = true, r.queue
	l.consumer = text(r.consumer[:])
	l.configure(&r.config)
	k.requests[l.pipe[0]] = l
	r.fd = int32(l.pipe[0])
	return nil
}

func (l *fakeLine) configure(c *lineConfig) {
	l.config = *c
	if c.flags&flagOutput != 0 && c.count == 1 && c.attrs[0].attr.id == attrOutputValues {
		l.level = c.attrs[0].attr.value&c.attrs[0].mask&1 != 0
	}
}

// edge queues an event with a stamp and leaves the line at its level.
func (k *fakeKernel) edge(t *testing.T, l *fakeLine, level gpio.Level, stamp int64) {
	t.Helper()
	k.mu.Lock()
	defer k.mu.Unlock()
	l.level = bool(level)
	id := uint32(eventFalling)
	if level {
		id = eventRising
	}
	l.sequence++
	var p [eventBytes]byte
	binary.LittleEndian.PutUint64(p[:], uint64(stamp))
	binary.LittleEndian.PutUint32(p[8:], id)
	binary.LittleEndian.PutUint32(p[16:], l.sequence)
	binary.LittleEndian.PutUint32(p[20:], l.sequence)
	if _, err := syscall.Write(l.pipe[1], p[:]); err != nil {
		t.Errorf("queue an event: %v", err)
	}
}

// bench is a line on a fake kernel.
func bench(t *testing.T, line string, opts Opts) (*fakeKernel, *fakeLine, *Line) {
	t.Helper()
	k := newFake()
	chips, err := open(k)
	if err != nil {
		t.Fatal(err)
	}
	l, err := chips.Line("pinctrl-soc", line, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return k, k.line(l.place.path, l.place.offset), l
}
