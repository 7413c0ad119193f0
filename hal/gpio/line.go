package gpio

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
	"unsafe"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/pin"

	"github.com/ata-agent/ata-agent/hal"
)

// Opts says how a line is wired. The zero value is a plain line.
type Opts struct {
	// Consumer is what the kernel and error messages call the user of the line
	// ["ata-agent"].
	Consumer string
	// ActiveLow inverts the line: High means low voltage.
	ActiveLow bool
	// OpenDrain makes Out(gpio.High) release the line instead of driving it. The
	// kernel turns the line into an input where the hardware has no such mode.
	OpenDrain bool
	// Debounce is for how long a line must be quiet before an edge counts [0,
	// every edge counts].
	Debounce time.Duration
}

func (o Opts) withDefaults() Opts {
	if o.Consumer == "" {
		o.Consumer = "ata-agent"
	}
	return o
}

// eventQueue is how many edges the kernel keeps for a line. It drops the oldest
// of more.
const eventQueue = 128

var (
	errClosed      = errors.New("line is closed")
	errNotInput    = errors.New("line does not watch edges")
	errInterrupted = errors.New("line was reconfigured or halted")
)

// Line is one line of a GPIO controller. It implements gpio.PinIO and
// hal.EdgePin. Its methods may be called from any goroutine; when several wait
// for edges, each edge goes to one of them.
type Line struct {
	chips *Chips
	place place
	name  string
	opts  Opts

	mu     sync.Mutex
	fd     int // of the kernel's line request, -1 until there is one
	closed bool
	flags  uint64 // what the kernel was told last
	level  gpio.Level
	pull   gpio.Pull
	edge   gpio.Edge
	rest   gpio.Level // of an input when its edges began to be watched
	since  int64      // stamp of the last configuration; older edges do not count
	inputs int        // number of calls of In
	era    int        // number of configurations and halts
	values lineValues

	events waiter
}

var (
	_ gpio.PinIO  = (*Line)(nil)
	_ pin.PinFunc = (*Line)(nil)
	_ hal.EdgePin = (*Line)(nil)
)

func newLine(c *Chips, at place, name string, opts Opts) *Line {
	l := &Line{chips: c, place: at, name: name, opts: opts, fd: -1}
	l.events.setup()
	return l
}

// String returns the line's name and its use.
func (l *Line) String() string { return fmt.Sprintf("%s(%s)", l.name, l.opts.Consumer) }

// Name returns the name that the board gives the line, or chip:offset.
func (l *Line) Name() string { return l.name }

// Number returns the line's offset on its chip.
func (l *Line) Number() int { return l.place.offset }

// Function returns the same as Func.
func (l *Line) Function() string { return string(l.Func()) }

// Func returns what the line was made by the last In or Out.
func (l *Line) Func() pin.Func {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.flags&flagInput != 0:
		return gpio.IN
	case l.flags&flagOutput == 0:
		return pin.FuncNone
	case l.level == gpio.High:
		return gpio.OUT_HIGH
	}
	return gpio.OUT_LOW
}

// SupportedFuncs returns the functions that SetFunc takes.
func (l *Line) SupportedFuncs() []pin.Func {
	return []pin.Func{gpio.IN, gpio.OUT_HIGH, gpio.OUT_LOW}
}

// SetFunc makes the line an input without edges or an output.
func (l *Line) SetFunc(f pin.Func) error {
	switch f {
	case gpio.IN:
		return l.In(gpio.PullNoChange, gpio.NoEdge)
	case gpio.OUT_HIGH:
		return l.Out(gpio.High)
	case gpio.OUT_LOW:
		return l.Out(gpio.Low)
	}
	return l.failed("set function", fmt.Errorf("%s: %w", f, errors.ErrUnsupported))
}

// Pull returns what the last In asked for; the hardware is not asked.
func (l *Line) Pull() gpio.Pull {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.pull
}

// DefaultPull is not known to the kernel.
func (l *Line) DefaultPull() gpio.Pull { return gpio.PullNoChange }

// PWM is not supported: lines of the kernel's GPIO interface have none.
func (l *Line) PWM(gpio.Duty, physic.Frequency) error {
	return l.failed("pwm", errors.ErrUnsupported)
}

// In makes the line an input and forgets edges from before. A wait under way
// ends.
func (l *Line) In(pull gpio.Pull, edge gpio.Edge) error {
	flags, err := inputFlags(pull, edge, l.opts.Debounce > 0)
	if err != nil {
		return l.failed("make input", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.configure(flags, false); err != nil {
		return l.failed("make input", err)
	}
	l.pull, l.edge = pull, edge
	l.rest = l.sample()
	l.inputs++
	return nil
}

func inputFlags(pull gpio.Pull, edge gpio.Edge, debounced bool) (uint64, error) {
	flags := uint64(flagInput)
	switch pull {
	case gpio.PullUp:
		flags |= flagPullUp
	case gpio.PullDown:
		flags |= flagPullDown
	case gpio.Float:
		flags |= flagNoBias
	case gpio.PullNoChange:
	default:
		return 0, fmt.Errorf("pull %d: %w", pull, errors.ErrUnsupported)
	}
	switch {
	case edge < gpio.NoEdge || edge > gpio.BothEdges:
		return 0, fmt.Errorf("edge %d: %w", edge, errors.ErrUnsupported)
	case edge != gpio.NoEdge && debounced:
		flags |= flagRising | flagFalling
	}
	if edge == gpio.RisingEdge || edge == gpio.BothEdges {
		flags |= flagRising
	}
	if edge == gpio.FallingEdge || edge == gpio.BothEdges {
		flags |= flagFalling
	}
	return flags, nil
}

// Out makes the line an output that drives level from its first moment on. A
// wait for edges under way ends.
func (l *Line) Out(level gpio.Level) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.flags&flagOutput != 0 && !l.closed {
		if err := l.drive(level); err != nil {
			return l.failed("drive", err)
		}
		return nil
	}
	flags := uint64(flagOutput)
	if l.opts.OpenDrain {
		flags |= flagOpenDrain
	}
	if err := l.configure(flags, level); err != nil {
		return l.failed("make output", err)
	}
	l.pull, l.edge = gpio.PullNoChange, gpio.NoEdge
	return nil
}

// drive changes the level of an output.
func (l *Line) drive(level gpio.Level) error {
	l.values = lineValues{bits: bit(level), mask: 1}
	if err := l.chips.kernel.ioctl(l.fd, setValues, unsafe.Pointer(&l.values)); err != nil {
		return err
	}
	l.level = level
	return nil
}

func bit(level gpio.Level) uint64 {
	if level {
		return 1
	}
	return 0
}

// Read returns the level of an input, and what an output was last told. It
// returns Low when the kernel does not answer.
func (l *Line) Read() gpio.Level {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || l.flags&flagInput == 0 {
		return l.level
	}
	return l.sample()
}

// sample asks the kernel for the level of an input.
func (l *Line) sample() gpio.Level {
	l.values = lineValues{mask: 1}
	if l.chips.kernel.ioctl(l.fd, getValues, unsafe.Pointer(&l.values)) != nil {
		return gpio.Low
	}
	return l.values.bits&1 != 0
}

// configure tells the kernel what the line is, with the level that an output
// drives from the beginning.
func (l *Line) configure(flags uint64, level gpio.Level) error {
	if l.closed {
		return errClosed
	}
	if l.opts.ActiveLow {
		flags |= flagActiveLow
	}
	config := lineConfig{flags: flags}
	if flags&flagOutput != 0 {
		config.count = 1
		config.attrs[0] = configAttr{lineAttr{id: attrOutputValues, value: bit(level)}, 1}
	}
	since := l.chips.kernel.monotonic()
	if err := l.apply(&config); err != nil {
		return err
	}
	l.flags, l.level, l.since = flags, level, since
	l.era++
	l.events.wake()
	return nil
}

func (l *Line) apply(config *lineConfig) error {
	if l.fd >= 0 {
		return l.chips.kernel.ioctl(l.fd, setConfig, unsafe.Pointer(config))
	}
	request := lineRequest{config: *config, lines: 1, queue: eventQueue}
	request.offsets[0] = uint32(l.place.offset)
	copy(request.consumer[:nameSize-1], l.opts.Consumer)
	if err := l.chips.ask(l.place.path, getLine, unsafe.Pointer(&request)); err != nil {
		return l.explain(err)
	}
	l.fd = int(request.fd)
	return l.events.watch(l.fd, l.name)
}

// explain adds to an error who has the line, if someone has.
func (l *Line) explain(err error) error {
	info, ask := l.chips.info(l.place.path, l.place.offset)
	if ask != nil || !info.Used {
		return err
	}
	return fmt.Errorf("in use by %q: %w", info.Consumer, err)
}

// Halt ends a wait for edges that is under way. An output keeps its level.
func (l *Line) Halt() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.era++
	l.events.wake()
	return nil
}

// Close gives the line back. What an output does then is up to its controller;
// most keep the level. Waits end. A closed line does nothing any more.
func (l *Line) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil
	}
	l.closed = true
	l.era++
	l.chips.release(l.place)
	if l.fd < 0 {
		return nil
	}
	if err := l.events.close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return l.failed("close", err)
	}
	return nil
}

func (l *Line) failed(doing string, err error) error {
	return fmt.Errorf("gpio: %s %s: %w", doing, l.name, err)
}
