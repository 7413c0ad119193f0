package model

import (
	"fmt"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/ata-agent/ata-agent/hal/alsa/abi"
)

// Opts are the settings of a Card. The zero value of a field means the default
// given in brackets.
type Opts struct {
	ID       string // [SLIC]
	Index    int    // the card's number
	Formats  []int  // of abi [FormatS16]
	Channels int    // at most [4]
	Unlinked bool   // the two directions cannot be started as one
}

// Card is a sound card with a device 0 in both directions and a device 1 that
// captures, beside a card "HDMI" of number 0 or, where that is taken, 1 that has
// none. Its methods may be called from several goroutines.
type Card struct {
	opts Opts

	mu      sync.Mutex
	index   int
	gone    bool  // the card was pulled out
	still   bool  // the hardware stands still
	fail    error // of the next read or write
	running bool  // Run moves the hardware
	moved   chan struct{}

	opened map[int]string
	next   int
	linked bool
	side   [2]*Stream
	played []int16
}

// New returns a card that nobody has opened.
func New(opts Opts) *Card {
	if opts.ID == "" {
		opts.ID = "SLIC"
	}
	if opts.Formats == nil {
		opts.Formats = []int{abi.FormatS16}
	}
	if opts.Channels == 0 {
		opts.Channels = 4
	}
	return &Card{opts: opts, index: opts.Index, moved: make(chan struct{}), opened: map[int]string{}, next: 10}
}

// Pull pulls the card out.
func (c *Card) Pull() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gone, c.side, c.linked = true, [2]*Stream{}, false
	c.wake()
}

// Plug puts it back under a number.
func (c *Card) Plug(index int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gone, c.index = false, index
}

// Hold makes the hardware stand still, or move again.
func (c *Card) Hold(still bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.still = still
}

// Fail has the driver stop both streams: the next read or write returns err.
func (c *Card) Fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fail = err
}

// Played returns all samples played so far, interleaved.
func (c *Card) Played() []int16 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.played
}

// Reserve makes room for n samples of Played, for a test of allocations.
func (c *Card) Reserve(n int) { c.played = make([]int16, 0, n) }

// Opened returns the paths of what is open now.
func (c *Card) Opened() (paths []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, path := range c.opened {
		paths = append(paths, path)
	}
	return paths
}

// Capture returns the stream from the card, nil while it is not open.
func (c *Card) Capture() *Stream { return c.stream(false) }

// Playback returns the stream to the card, nil while it is not open.
func (c *Card) Playback() *Stream { return c.stream(true) }

func (c *Card) stream(playback bool) *Stream {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.side[sideOf(playback)]
}

func sideOf(playback bool) int {
	if playback {
		return 1
	}
	return 0
}

// other is the number of the card that is of no use.
func (c *Card) other() int {
	if c.index == 0 {
		return 1
	}
	return 0
}

// Cards implements alsa.Kernel.
func (c *Card) Cards() ([]string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gone {
		return nil, nil
	}
	return []string{control(c.other()), control(c.index)}, nil
}

func control(index int) string { return fmt.Sprintf("/dev/snd/controlC%d", index) }

// Open implements alsa.Kernel.
func (c *Card) Open(path string) (fd int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gone {
		return -1, syscall.ENOENT
	}
	if !strings.HasPrefix(path, "/dev/snd/control") {
		if err := c.openStream(path); err != nil {
			return -1, err
		}
	}
	c.next++
	c.opened[c.next] = path
	return c.next, nil
}

func (c *Card) openStream(path string) error {
	for _, name := range []string{"D0c", "D0p", "D1c"} {
		if path != fmt.Sprintf("/dev/snd/pcmC%d%s", c.index, name) {
			continue
		}
		side := sideOf(name[2] == 'p')
		if c.side[side] != nil {
			return syscall.EBUSY
		}
		c.side[side] = &Stream{card: c, fd: c.next + 1, playback: name[2] == 'p', state: opened}
		return nil
	}
	return syscall.ENOENT
}

// Close implements alsa.Kernel.
func (c *Card) Close(fd int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.opened[fd]; !ok {
		return syscall.EBADF
	}
	delete(c.opened, fd)
	if s := c.find(fd); s != nil {
		c.side[sideOf(s.playback)] = nil
		c.linked = false
	}
	return nil
}

func (c *Card) find(fd int) *Stream {
	for _, s := range c.side {
		if s != nil && s.fd == fd {
			return s
		}
	}
	return nil
}

// Link implements alsa.Kernel.
func (c *Card) Link(fd, other int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.opts.Unlinked {
		return syscall.ENOSYS
	}
	c.linked = true
	return nil
}

// Wait implements alsa.Kernel.
func (c *Card) Wait(fd int, limit time.Duration) (ready bool, err error) {
	for end := time.Now().Add(limit); ; {
		c.mu.Lock()
		ready, moved, running := c.ready(fd), c.moved, c.running
		c.mu.Unlock()
		left := time.Until(end)
		if ready || !running || left <= 0 {
			return ready, nil
		}
		timer := time.NewTimer(left)
		select {
		case <-moved:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// ready says whether fd is readable or broken. Without Run the hardware moves now.
func (c *Card) ready(fd int) bool {
	s := c.find(fd)
	if c.gone || s == nil || s.state != started {
		return true // the next call fails
	}
	for !c.running && !c.still && s.hw-s.app < s.period {
		c.advance(s.period)
	}
	return s.hw-s.app >= s.period
}

// wake lets those who wait look again.
func (c *Card) wake() {
	close(c.moved)
	c.moved = make(chan struct{})
}
