package board

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/spi"

	"github.com/ata-agent/ata-agent/hal"
	"github.com/ata-agent/ata-agent/hal/led"
	"github.com/ata-agent/ata-agent/sim"
	"github.com/ata-agent/ata-agent/slic"
	agmodel "github.com/ata-agent/ata-agent/slic/gpioslic/model"
	"github.com/ata-agent/ata-agent/slic/si321x"
	"github.com/ata-agent/ata-agent/slic/si321x/model"
)

// nothing is a machine without any device.
type nothing struct{}

var errGone = errors.New("no such device")

func (nothing) PCM(Audio) (hal.PCM, error)            { return nil, errGone }
func (nothing) SPI(string) (spi.PortCloser, error)    { return nil, errGone }
func (nothing) Pin(string, string, bool) (Pin, error) { return nil, errGone }
func (nothing) I2C(string) (i2c.BusCloser, error)     { return nil, errGone }
func (nothing) PWM(string, int) (PWM, error)          { return nil, errGone }
func (nothing) Button(string, bool) (Pin, error)      { return nil, errGone }
func (nothing) LED(string) (led.Light, error)         { return nil, errGone }

// machine is a computer with models of chips on its buses. It notes in order
// what happens to it.
type machine struct {
	world *sim.World
	ports map[string]spi.Port
	buses map[string]i2c.Bus
	pwms  map[string]PWM
	pins  map[string]gpio.PinIO

	mu      sync.Mutex
	missing map[string]bool
	open    map[string]int
	history []string
}

func (m *machine) note(format string, args ...any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.history = append(m.history, fmt.Sprintf(format, args...))
}

// take opens a device once.
func (m *machine) take(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.missing[name] {
		return errGone
	}
	if m.open[name] > 0 {
		return errors.New("busy")
	}
	m.open[name]++
	return nil
}

func (m *machine) give(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.open[name]--
}

// lose makes a device go missing or come back.
func (m *machine) lose(name string, gone bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.missing[name] = gone
}

func (m *machine) PCM(a Audio) (hal.PCM, error) {
	if err := m.take(a.Card); err != nil {
		return nil, err
	}
	return &card{m.world, m, a.Card}, nil
}

// card notes its first period.
type card struct {
	hal.PCM
	m    *machine
	name string
}

func (c *card) Exchange(to, from [][]int16) error {
	err := c.PCM.Exchange(to, from)
	if err == nil && !slices.Contains(c.m.events(), "clock") {
		c.m.note("clock")
	}
	return err
}

func (c *card) Close() error {
	c.m.give(c.name)
	return nil
}

func (m *machine) events() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.history)
}

func (m *machine) SPI(name string) (spi.PortCloser, error) {
	if err := m.take(name); err != nil {
		return nil, err
	}
	return &bus{m.ports[name], m, name}, nil
}

type bus struct {
	spi.Port
	m    *machine
	name string
}

func (b *bus) LimitSpeed(physic.Frequency) error { return nil }

func (b *bus) Close() error {
	b.m.give(b.name)
	return nil
}

func (m *machine) Pin(name, use string, inverted bool) (Pin, error) {
	if err := m.take(name); err != nil {
		return nil, err
	}
	if m.pins[name] == nil {
		return nil, errGone
	}
	m.note("pin %s for %s, inverted %v", name, use, inverted)
	p := &wire{m.pins[name], m, name}
	if edges, ok := m.pins[name].(hal.EdgePin); ok {
		return &edgeWire{p, edges}, nil
	}
	return p, nil
}

func (m *machine) I2C(name string) (i2c.BusCloser, error) {
	if err := m.take(name); err != nil {
		return nil, err
	}
	return &wires{m.buses[name], m, name}, nil
}

type wires struct {
	i2c.Bus
	m    *machine
	name string
}

func (w *wires) Close() error {
	w.m.give(w.name)
	return nil
}

func (m *machine) PWM(chip string, channel int) (PWM, error) {
	name := fmt.Sprint(chip, "/", channel)
	if err := m.take(name); err != nil {
		return nil, err
	}
	return &output{m.pwms[name], m, name}, nil
}

type output struct {
	PWM
	m    *machine
	name string
}

func (o *output) Close() error {
	o.m.give(o.name)
	return nil
}

func (m *machine) Button(name string, inverted bool) (Pin, error) {
	return m.Pin(name, "button", inverted)
}

func (m *machine) LED(name string) (led.Light, error) {
	if err := m.take(kernelLED + name); err != nil {
		return nil, err
	}
	return &kernelLamp{m, name}, nil
}

// kernelLamp notes what is lit.
type kernelLamp struct {
	m    *machine
	name string
}

func (l *kernelLamp) Set(on bool) error {
	l.m.note("LED %s %v", l.name, on)
	return nil
}

// wire notes what is driven.
type wire struct {
	gpio.PinIO
	m    *machine
	name string
}

func (w *wire) Out(l gpio.Level) error {
	w.m.note("drive %s %v", w.name, l)
	return w.PinIO.Out(l)
}

func (w *wire) Close() error {
	w.m.give(w.name)
	return nil
}

type edgeWire struct {
	*wire
	edges hal.EdgePin
}

func (w *edgeWire) ReadEdge(ctx context.Context) (hal.Edge, error) { return w.edges.ReadEdge(ctx) }

// twoChips is a board with its lines on swapped channels.
const twoChips = `{"id": "two", "clock": {"bclk_hz": 2048000, "slots": 16},
	"lines": [
		{"slic": "si3210", "channel": 1, "spi": {"port": "/dev/spidev0.0"}, "gpio": {"reset": "R1", "int": "I1"}, "feed": {"ilim_ma": 20}},
		{"slic": "si3210", "channel": 0, "spi": {"port": "/dev/spidev0.1"}, "gpio": {"reset": "R2", "int": "I2"}}
	]}`

// rig is an opened board that runs on a machine in a bubble.
type rig struct {
	*machine
	board      *Board
	chips      []*model.Chip
	phones     []*sim.Telephone
	events     []chan slic.Event
	stop       func()
	calibrated []int
}

// addChip puts a Si3210 with a telephone on the machine; its slot on the highway
// is where the driver puts it.
func (r *rig) addChip(bus, reset, intr string) sim.Port {
	tel := sim.NewTelephone(sim.TelephoneOpts{Seed: uint64(len(r.phones))})
	chip := model.New(model.Opts{Variant: model.Si3210, Pair: tel, Seed: uint64(len(r.phones))})
	r.ports[bus], r.pins[reset], r.pins[intr] = chip.SPI(), chip.Reset(), chip.Int()
	r.chips, r.phones = append(r.chips, chip), append(r.phones, tel)
	return sim.Port{Chip: chip, Pair: tel}
}

func newRig() *rig {
	return &rig{machine: &machine{
		ports: map[string]spi.Port{}, buses: map[string]i2c.Bus{}, pwms: map[string]PWM{}, pins: map[string]gpio.PinIO{}, missing: map[string]bool{}, open: map[string]int{},
	}}
}

// run opens the board, clocks it and runs its lines until stop. With clocked
// false nobody calls Exchange.
func (r *rig) run(t *testing.T, doc string, ports []sim.Port, clocked bool) {
	t.Helper()
	d, err := Parse("test", []byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	if r.world, err = sim.NewWorld(ports, sim.WorldOpts{}); err != nil {
		t.Fatal(err)
	}
	r.board, err = Open(d, r, Opts{Calibrated: func(line int, _ si321x.Calibration) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.calibrated = append(r.calibrated, line)
	}})
	if err != nil {
		t.Fatal(err)
	}
	if got := len(r.open); got != 0 {
		t.Errorf("Open opened %d devices", got)
	}
	lines, endLines := context.WithCancel(t.Context())
	var running, turning sync.WaitGroup
	for i, l := range r.board.Lines {
		events := make(chan slic.Event, 100)
		r.events = append(r.events, events)
		if err := l.Configure(slic.Electrical{LoopCurrent: 32 * physic.MilliAmpere}); err != nil {
			t.Fatal(err)
		}
		running.Go(func() {
			if err := l.Run(lines, func(e slic.Event) { events <- e }); lines.Err() == nil {
				t.Errorf("line %d ended: %v", i+1, err)
			}
		})
	}
	clock, endClock := context.WithCancel(t.Context())
	if clocked {
		turning.Go(func() { r.turn(clock) })
	}
	r.stop = func() {
		endLines()
		running.Wait()
		endClock()
		turning.Wait()
		if err := r.board.Close(); err != nil {
			t.Error(err)
		}
		for name, n := range r.open {
			if n != 0 {
				t.Errorf("%s is still open", name)
			}
		}
	}
}

// turn clocks the highway; line i hears silence.
func (r *rig) turn(ctx context.Context) {
	to, from := blocks(Audio{Channels: len(r.board.Lines), Period: 80}), blocks(Audio{Channels: len(r.board.Lines), Period: 80})
	for ctx.Err() == nil {
		if r.board.PCM.Exchange(to, from) != nil {
			time.Sleep(200 * time.Millisecond)
		}
	}
}

// want waits for an event of a line.
func (r *rig) want(t *testing.T, line int, kind slic.EventKind, limit time.Duration) slic.Event {
	t.Helper()
	timeout := time.After(limit)
	for {
		select {
		case e := <-r.events[line]:
			if e.Kind == kind {
				return e
			}
			t.Logf("line %d: %v %v", line+1, e.Kind, e.Err)
		case <-timeout:
			t.Fatalf("line %d: no %v within %v", line+1, kind, limit)
		}
	}
}

func bubble(t *testing.T, f func(t *testing.T, r *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { f(t, newRig()) })
}

func TestBoardComesUp(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		ports := []sim.Port{r.addChip("/dev/spidev0.0", "R1", "I1"), r.addChip("/dev/spidev0.1", "R2", "I2")}
		r.run(t, twoChips, ports, true)
		defer r.stop()
		for i := range 2 {
			r.want(t, i, slic.Ready, 10*time.Second)
			r.board.Lines[i].SetFeed(slic.Forward)
		}
		time.Sleep(time.Second)
		r.phones[0].Hook(true)
		r.want(t, 0, slic.OffHook, time.Second)
		time.Sleep(500 * time.Millisecond)
		m, err := r.board.Lines[0].Measure()
		if err != nil {
			t.Fatal(err)
		}
		if milli := float64(m.Current) / float64(physic.MilliAmpere); milli < 15 || milli > 23 {
			t.Errorf("loop current %.1f mA with a board of 20 mA, asked for 32", milli)
		}
		if got := r.board.Lines[0].Caps(); !got.Measure {
			t.Error("no capabilities while the port works")
		}
		if slices.Sort(r.calibrated); !slices.Equal(r.calibrated, []int{0, 1}) {
			t.Errorf("calibrated lines %v, want both", r.calibrated)
		}
		if tx := int(r.chips[0].Register(2)); tx != 16 {
			t.Errorf("line 1 is on channel 1 but sends from bit %d", tx)
		}
		clock := slices.Index(r.machine.events(), "clock")
		for i, e := range r.machine.events() {
			if i < clock && strings.HasPrefix(e, "drive") {
				t.Errorf("%s before the PCM clock ran", e)
			}
		}
	})
}

// TestHighwayOrder: what line i says and hears is on its channel, whatever the
// order of the lines.
func TestHighwayOrder(t *testing.T) {
	d, err := Parse("test", []byte(twoChips))
	if err != nil {
		t.Fatal(err)
	}
	pcm := &echoCard{}
	h := newHighway(d, &fixed{pcm: pcm})
	a := Audio{Channels: 2, Period: 80}
	to, from := blocks(a), blocks(a)
	to[0][0], to[1][0] = 11, 22
	if err := h.Exchange(to, from); err != nil {
		t.Fatal(err)
	}
	if pcm.heard != [2]int16{22, 11} || from[0][0] != 101 || from[1][0] != 100 {
		t.Errorf("channels heard %v, lines said %d and %d", pcm.heard, from[0][0], from[1][0])
	}
	if h.Delay() != 160 {
		t.Errorf("delay %d, want that of the card", h.Delay())
	}
	if n := testing.AllocsPerRun(100, func() { _ = h.Exchange(to, from) }); n != 0 {
		t.Errorf("%v allocations per period", n)
	}
	if err := h.Close(); err != nil || !pcm.closed {
		t.Errorf("Close = %v, card closed %v", err, pcm.closed)
	}
	if err := h.Exchange(to, from); !errors.Is(err, errClosed) {
		t.Errorf("Exchange after Close = %v", err)
	}
}

// echoCard says 100 on channel 0 and 101 on channel 1.
type echoCard struct {
	heard  [2]int16
	closed bool
	period int
}

func (*echoCard) Channels() int { return 2 }
func (*echoCard) Delay() int    { return 160 }
func (c *echoCard) Period() int { return max(c.period, 80) }
func (c *echoCard) Close() error {
	c.closed = true
	return nil
}

func (c *echoCard) Exchange(to, from [][]int16) error {
	for i := range c.heard {
		c.heard[i], from[i][0] = to[i][0], 100+int16(i)
	}
	return nil
}

// fixed has one card.
type fixed struct {
	nothing
	pcm hal.PCM
}

func (f *fixed) PCM(Audio) (hal.PCM, error) { return f.pcm, nil }

func TestCardThatDoesNotFit(t *testing.T) {
	d, err := Parse("test", []byte(twoChips))
	if err != nil {
		t.Fatal(err)
	}
	pcm := &echoCard{period: 160}
	h := newHighway(d, &fixed{pcm: pcm})
	err = h.Exchange(blocks(d.Audio), blocks(d.Audio))
	if err == nil || !strings.Contains(err.Error(), `sound card "SLIC": it has 2 channels and a period of 160, want 2 and 80`) || !pcm.closed {
		t.Errorf("Exchange = %v, closed %v", err, pcm.closed)
	}
}

// TestNothingIsDrivenWithoutClock: with no card, no pin is touched and the lines
// say why they do not work; when the card comes, they do.
func TestNothingIsDrivenWithoutClock(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		ports := []sim.Port{r.addChip("/dev/spidev0.0", "R1", "I1"), r.addChip("/dev/spidev0.1", "R2", "I2")}
		r.lose("SLIC", true)
		r.run(t, twoChips, ports, true)
		defer r.stop()
		for i := range 2 {
			e := r.want(t, i, slic.Lost, 2*time.Second)
			if e.Err == nil || !strings.Contains(e.Err.Error(), `no PCM clock: board: open sound card "SLIC": no such device`) {
				t.Errorf("line %d lost: %v", i+1, e.Err)
			}
		}
		time.Sleep(time.Minute)
		if got := r.machine.events(); len(got) != 0 {
			t.Errorf("without a clock: %v", got)
		}
		if _, err := r.board.Lines[0].Measure(); err == nil || !r.board.Lines[0].Caps().Measure {
			t.Error("a port without devices measures, or forgets that it could")
		}
		r.lose("SLIC", false)
		for i := range 2 {
			r.want(t, i, slic.Ready, 10*time.Second)
		}
	})
}

func TestNoPeriodAtAll(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.run(t, twoChips, []sim.Port{r.addChip("/dev/spidev0.0", "R1", "I1")}, false)
		e := r.want(t, 0, slic.Lost, 2*time.Second)
		if !strings.Contains(e.Err.Error(), "no PCM clock: board: no period has passed yet") {
			t.Errorf("lost: %v", e.Err)
		}
		r.stop()
	})
}

// TestMissingDevice: each kind of device missing takes one line out of service
// and says so once; the other line works; the device is found when it comes.
func TestMissingDevice(t *testing.T) {
	for name, want := range map[string]string{
		"/dev/spidev0.0": "board: line 1: SPI port /dev/spidev0.0: no such device",
		"R1":             "board: line 1: RESET pin R1: no such device",
		"I1":             "board: line 1: INT pin I1: no such device",
	} {
		t.Run(strings.ReplaceAll(name, "/", ""), func(t *testing.T) {
			bubble(t, func(t *testing.T, r *rig) {
				ports := []sim.Port{r.addChip("/dev/spidev0.0", "R1", "I1"), r.addChip("/dev/spidev0.1", "R2", "I2")}
				r.lose(name, true)
				r.run(t, twoChips, ports, true)
				defer r.stop()
				if e := r.want(t, 0, slic.Lost, 2*time.Second); e.Err.Error() != want {
					t.Errorf("lost: %v, want %s", e.Err, want)
				}
				r.want(t, 1, slic.Ready, 10*time.Second)
				time.Sleep(8 * time.Second)
				if n := len(r.events[0]); n != 0 {
					t.Errorf("%d more events of a line that stays lost", n)
				}
				for _, e := range r.machine.events() {
					if strings.HasPrefix(e, "drive R1") {
						t.Errorf("%s of a line that is not complete", e)
					}
				}
				r.lose(name, false)
				r.want(t, 0, slic.Ready, 45*time.Second)
			})
		})
	}
}

// TestModule: a board of modules on pins comes up, and the flags turn its wires.
func TestModule(t *testing.T) {
	const doc = `{"id": "m", "clock": {"bclk_hz": 256000, "format": "i2s"}, "audio": {"channels": 1},
		"lines": [{"slic": "ag1171", "gpio": {"shk": "S", "rm": "M", "fr": "F", "pd": "P"},
			"gpio_flags": {"shk_active_high": false, "fr_forward_high": false}}]}`
	bubble(t, func(t *testing.T, r *rig) {
		tel := sim.NewTelephone(sim.TelephoneOpts{})
		m := agmodel.New(agmodel.Opts{Pair: tel, SHKActiveLow: true, FRForwardLow: true})
		r.pins["S"], r.pins["M"], r.pins["F"], r.pins["P"] = m.SHK(), m.RM(), m.FR(), m.PD()
		r.run(t, doc, []sim.Port{{Chip: m, Pair: tel}}, true)
		r.want(t, 0, slic.Ready, 5*time.Second)
		r.board.Lines[0].SetFeed(slic.Forward)
		time.Sleep(time.Second)
		tel.Hook(true)
		r.want(t, 0, slic.OffHook, time.Second)
		tel.Hook(false)
		r.want(t, 0, slic.OnHook, time.Second)
		r.stop()
		if got := m.Misuses(); len(got) != 0 {
			t.Errorf("misused: %v", got)
		}
	})
}

// TestFeedBeforeTheDevices: what was asked of a port while its devices were
// missing is done when they come.
func TestFeedBeforeTheDevices(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.run(t, twoChips, []sim.Port{r.addChip("/dev/spidev0.0", "R1", "I1"), r.addChip("/dev/spidev0.1", "R2", "I2")}, true)
		defer r.stop()
		r.board.Lines[0].SetFeed(slic.Reverse)
		r.want(t, 0, slic.Ready, 10*time.Second)
		time.Sleep(100 * time.Millisecond)
		if got := r.chips[0].Linefeed(); got != 5 {
			t.Errorf("linefeed %d after power-up, want 5, reverse", got)
		}
	})
}

func TestConfigureKeepsLimits(t *testing.T) {
	d, err := Parse("test", []byte(twoChips))
	if err != nil {
		t.Fatal(err)
	}
	b, err := Open(d, nothing{}, Opts{})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Lines[0].Configure(slic.Electrical{RingVoltage: 5 * physic.Volt}); err == nil || !strings.Contains(err.Error(), "board: configure line 1: ") {
		t.Errorf("Configure of 5 V ringing = %v", err)
	}
	got := boundProSLIC(&d.Lines[0], slic.Electrical{})
	want := slic.Electrical{RingVoltage: 45 * physic.Volt, OnHookVoltage: 48 * physic.Volt, LoopCurrent: 20 * physic.MilliAmpere}
	if got != want {
		t.Errorf("electrical settings %+v, want %+v", got, want)
	}
	if b.Lines[0].String() != "line 1 (si3210)" {
		t.Errorf("String() = %q", b.Lines[0])
	}
}

func TestOpenRefusesWhatParseWould(t *testing.T) {
	for _, d := range []*Description{{}, {Lines: []Line{{SLIC: "toaster"}}}} {
		if b, err := Open(d, nothing{}, Opts{}); err == nil {
			t.Errorf("Open(%+v) = %+v", d, b)
		}
	}
}

var _ io.Closer = (*Board)(nil)
