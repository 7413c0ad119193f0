//go:build linux

package alsa

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/ata-agent/ata-agent/dsp/g711"
	"github.com/ata-agent/ata-agent/hal"
	"github.com/ata-agent/ata-agent/hal/alsa/abi"
	"github.com/ata-agent/ata-agent/hal/alsa/model"
)

// exchanger numbers what it sends as the fake hardware numbers what it captures.
type exchanger struct {
	*testing.T
	p                  *PCM
	k                  *model.Card
	toPhone, fromPhone [][]int16
	sent               int // frames
}

func newExchanger(t *testing.T, k *model.Card, o Opts) *exchanger {
	x := &exchanger{T: t, k: k, p: bench(t, k, o)}
	x.toPhone, x.fromPhone = blocks(x.p)
	return x
}

// exchange sends the next period and returns the number of the first captured
// frame; the others must follow it.
func (x *exchanger) exchange() int {
	x.Helper()
	n := x.p.Channels()
	for i := range x.p.Period() {
		for c := range n {
			x.toPhone[c][i] = model.Sample(x.sent, c, n)
		}
		x.sent++
	}
	if err := x.p.Exchange(x.toPhone, x.fromPhone); err != nil {
		x.Fatal(err)
	}
	first := (int(uint16(x.fromPhone[0][0])) - 1) / n
	for i := range x.p.Period() {
		for c := range n {
			if got, want := x.fromPhone[c][i], model.Sample(first+i, c, n); got != want {
				x.Fatalf("frame %d of channel %d is %d, want %d", i, c, got, want)
			}
		}
	}
	return first
}

// Every frame goes through both ways, in order, two periods apart.
func TestExchange(t *testing.T) {
	for _, tt := range []struct {
		name   string
		opts   Opts
		noLink bool
	}{
		{"one line", Opts{}, false},
		{"two lines", Opts{Channels: 2}, false},
		{"not linked", Opts{Channels: 4, Period: 40}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k := newCard(model.Opts{Unlinked: tt.noLink})
			x := newExchanger(t, k, tt.opts)
			if x.p.Linked() == tt.noLink {
				t.Errorf("Linked() = %v", x.p.Linked())
			}
			period := x.p.Period()
			for i := range 50 {
				if first := x.exchange(); first != i*period {
					t.Fatalf("period %d begins with frame %d, want %d", i, first, i*period)
				}
			}
			quiet := ahead * period * x.p.Channels()
			for i, v := range k.Played() {
				want := int16(0)
				if i >= quiet {
					want = int16(i - quiet + 1)
				}
				if v != want {
					t.Fatalf("sample %d played is %d, want %d", i, v, want)
				}
			}
			if got := x.p.Stats(); got.Periods != 50 || got.Overruns+got.Underruns+got.Lost != 0 || got.Restarts != 1 {
				t.Errorf("Stats() = %+v", got)
			}
		})
	}
}

// A card may have a device for each direction.
func TestDeviceForEachDirection(t *testing.T) {
	k := newCard(model.Opts{})
	x := newExchanger(t, k, Opts{Channels: 2, Capture: 1})
	for range 10 {
		x.exchange()
	}
	open := k.Opened()
	slices.Sort(open)
	if want := []string{"/dev/snd/pcmC3D0p", "/dev/snd/pcmC3D1c"}; !slices.Equal(open, want) {
		t.Errorf("opened %v, want %v", open, want)
	}
}

// Nothing is started before the first Exchange.
func TestOpenStartsNothing(t *testing.T) {
	k := newCard(model.Opts{})
	bench(t, k, Opts{})
	for _, s := range []*model.Stream{k.Capture(), k.Playback()} {
		if s.Started() {
			t.Error("a stream has started")
		}
	}
}

// After the program was late by a given time, the streams run on, old samples
// are given up, and the delay is what it was.
func TestLate(t *testing.T) {
	for _, tt := range []struct {
		late                int // frames
		overruns, underruns int64
	}{
		{60, 0, 0},
		{150, 0, 0},
		{200, 0, 1},
		{300, 0, 2},
		{2400, 1, 0},
		{80 * 1000, 1, 0},
	} {
		x := newExchanger(t, newCard(model.Opts{}), Opts{})
		for range 10 {
			x.exchange()
		}
		x.k.Advance(tt.late)
		for range 20 {
			x.exchange()
		}
		if got := x.p.Stats(); got.Overruns != tt.overruns || got.Underruns != tt.underruns || got.Restarts != 1 {
			t.Errorf("%d frames late: %+v, want %d overruns, %d underruns", tt.late, got, tt.overruns, tt.underruns)
		}
		// What is sent now is played two periods after what is captured now.
		captured := x.exchange()
		queue, err := x.p.playback.queued()
		if err != nil {
			t.Fatal(err)
		}
		// Frames are told apart by 16 bits.
		hw := x.k.Playback().Position()
		if got, want := uint16(hw+queue-captured), uint16(x.p.Delay()+x.p.Period()); got != want {
			t.Errorf("%d frames late: %d frames from capture to playback, want %d", tt.late, got, want)
		}
	}
}

// Late samples are silent where the kernel knows silence, not old ones.
func TestUnderrunIsSilent(t *testing.T) {
	x := newExchanger(t, newCard(model.Opts{}), Opts{})
	for range 10 {
		x.exchange()
	}
	before := len(x.k.Played())
	x.k.Advance(1000)
	for i, v := range x.k.Played()[before+3*x.p.Period():] {
		if v != 0 {
			t.Fatalf("sample %d after the last period is %d, want silence", i, v)
		}
	}
}

// Two directions that drift apart come together again, also where it is by less
// than a period, and when the program is late at the same time. From then on all
// that is sent is played.
func TestDrift(t *testing.T) {
	for _, tt := range []struct{ apart, late int }{
		{90, 0},
		{104, 0},
		{159, 0},
		{160, 0},
		{161, 0},
		{3000, 0},
		{104, 60},
		{104, 150},
		{200, 300},
		{3000, 150},
		{70, 60}, // behind the hardware only while it is late
	} {
		t.Run(fmt.Sprintf("%d frames apart, %d late", tt.apart, tt.late), func(t *testing.T) {
			x := newExchanger(t, newCard(model.Opts{}), Opts{})
			x.exchange()
			x.k.Playback().Skew(tt.apart)
			x.k.Advance(tt.late)
			for range 5 {
				x.exchange()
			}
			before := x.p.Stats()
			for range 5 {
				captured := x.exchange()
				queue, err := x.p.playback.queued()
				if err != nil {
					t.Fatal(err)
				}
				skewed := x.k.Playback().Position() - x.k.Capture().Position()
				hw := x.k.Playback().Position() - skewed
				if got, want := hw+queue-captured, x.p.Delay()+x.p.Period(); got != want {
					t.Errorf("%d frames from capture to playback, want %d", got, want)
				}
			}
			if got := x.p.Stats(); before.Underruns == 0 || got.Underruns != before.Underruns || got.Lost != before.Lost {
				t.Errorf("%+v, and 5 periods later %+v", before, got)
			}
		})
	}
}

// A stream that died says so once; the next Exchange works.
func TestStreamDies(t *testing.T) {
	for _, cause := range []error{syscall.EPIPE, syscall.ESTRPIPE, syscall.EIO} {
		x := newExchanger(t, newCard(model.Opts{}), Opts{Channels: 2})
		for range 5 {
			x.exchange()
		}
		x.k.Fail(cause)
		err := x.p.Exchange(x.toPhone, x.fromPhone)
		if !errors.Is(err, hal.ErrClockLost) || !errors.Is(err, cause) {
			t.Errorf("Exchange = %v, want %v and %v", err, hal.ErrClockLost, cause)
		}
		if first := x.exchange(); first != 0 {
			t.Errorf("after %v the first frame is %d", cause, first)
		}
		opens := int64(1)
		if errors.Is(cause, syscall.EIO) {
			opens = 2 // that is no answer of a stopped stream
		}
		if got := x.p.Stats(); got.Restarts != 2 || got.Opens != opens {
			t.Errorf("after %v: %+v", cause, got)
		}
	}
}

func TestNoClock(t *testing.T) {
	x := newExchanger(t, newCard(model.Opts{}), Opts{})
	x.exchange()
	x.k.Hold(true)
	for range 3 {
		if err := x.p.Exchange(x.toPhone, x.fromPhone); !errors.Is(err, hal.ErrClockLost) {
			t.Errorf("Exchange = %v, want %v", err, hal.ErrClockLost)
		}
	}
	x.k.Hold(false)
	x.exchange()
}

// A card that is pulled out is opened again by its id when it is back, also as
// another number.
func TestCardDisappears(t *testing.T) {
	x := newExchanger(t, newCard(model.Opts{}), Opts{})
	x.exchange()
	x.k.Pull()
	for i := range 3 {
		err := x.p.Exchange(x.toPhone, x.fromPhone)
		if !errors.Is(err, hal.ErrClockLost) {
			t.Errorf("try %d: %v, want %v", i, err, hal.ErrClockLost)
		}
		if i == 0 && !errors.Is(err, syscall.ENODEV) {
			t.Errorf("try %d: %v, want %v", i, err, syscall.ENODEV)
		}
	}
	x.k.Plug(index + 1)
	if first := x.exchange(); first != 0 {
		t.Errorf("the first frame is %d", first)
	}
	if got := x.p.Stats().Opens; got != 2 {
		t.Errorf("Opens = %d, want 2", got)
	}
	if n := len(x.k.Opened()); n != 2 {
		t.Errorf("%d descriptors are open, want 2", n)
	}
}

// Companded samples pass through unchanged, whatever eight-bit format there is.
func TestCompanded(t *testing.T) {
	for _, tt := range []struct {
		coding Coding
		law    g711.Law
		format int
	}{
		{MuLaw, g711.MuLaw, abi.FormatMuLaw},
		{MuLaw, g711.MuLaw, abi.FormatS8},
		{ALaw, g711.ALaw, abi.FormatALaw},
		{ALaw, g711.ALaw, abi.FormatU8},
	} {
		k := newCard(model.Opts{Formats: []int{tt.format}})
		p := bench(t, k, Opts{Coding: tt.coding, Channels: 2})
		toPhone, fromPhone := blocks(p)
		for i := range toPhone[0] {
			toPhone[0][i] = g711.DecodeSample(tt.law, byte(i))
			toPhone[1][i] = g711.DecodeSample(tt.law, byte(255-i))
		}
		for range 4 {
			if err := p.Exchange(toPhone, fromPhone); err != nil {
				t.Fatal(err)
			}
		}
		// The hardware captured bytes 1, 2, 3, ...
		if got, want := fromPhone[1][1], g711.DecodeSample(tt.law, byte(model.Sample(3*80+1, 1, 2))); got != want {
			t.Errorf("%v: captured %d, want %d", tt.law, got, want)
		}
		quiet := ahead * p.Period() * 2
		if got, want := byte(k.Played()[0]), g711.EncodeSample(tt.law, 0); got != want {
			t.Errorf("%v: silence is %#x, want %#x", tt.law, got, want)
		}
		for i := range 80 {
			if got := byte(k.Played()[quiet+2*i]); g711.DecodeSample(tt.law, got) != toPhone[0][i] {
				t.Errorf("%v: code %#x played as %#x", tt.law, i, got)
			}
		}
		if silent := tt.format >= abi.FormatMuLaw; k.Playback().Silence() != silent {
			t.Errorf("format %d: the kernel plays silence: %v", tt.format, !silent)
		}
	}
}

func TestOpenErrors(t *testing.T) {
	for _, tt := range []struct {
		name string
		opts Opts
		want string
	}{
		{"no id", Opts{}, "the id of a card"},
		{"unknown card", Opts{Card: "PCM5102"}, "no such card (the machine has: HDMI, SLIC)"},
		{"format", Opts{Card: "SLIC", Coding: MuLaw}, "no format MU_LAW; it has S16_LE"},
		{"channels", Opts{Card: "SLIC", Channels: 8}, "1..4 channels"},
		{"rate", Opts{Card: "SLIC", Rate: 5}, "a rate of"},
		{"periods", Opts{Card: "SLIC", Periods: 2}, "3..64 periods"},
		{"coding", Opts{Card: "SLIC", Coding: 9}, "a known coding"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k := newCard(model.Opts{})
			_, err := OpenOn(k, tt.opts)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one that says %q", err, tt.want)
			}
			if len(k.Opened()) != 0 {
				t.Errorf("%d descriptors are left open", len(k.Opened()))
			}
		})
	}
}

func TestClosed(t *testing.T) {
	k := newCard(model.Opts{})
	x := newExchanger(t, k, Opts{})
	x.exchange()
	if err := x.p.Close(); err != nil {
		t.Fatal(err)
	}
	if len(k.Opened()) != 0 {
		t.Errorf("%d descriptors are left open", len(k.Opened()))
	}
	if err := x.p.Exchange(x.toPhone, x.fromPhone); !errors.Is(err, errClosed) {
		t.Errorf("Exchange = %v", err)
	}
	if err := x.p.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
}

func TestExchangeAllocs(t *testing.T) {
	for _, coding := range []Coding{Linear16, MuLaw} {
		k := newCard(model.Opts{Formats: []int{formats[coding][0].number}})
		p := bench(t, k, Opts{Coding: coding, Channels: 2})
		toPhone, fromPhone := blocks(p)
		k.Reserve(1 << 20)
		if n := testing.AllocsPerRun(200, func() {
			if err := p.Exchange(toPhone, fromPhone); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("coding %d: Exchange allocates %v times", coding, n)
		}
	}
}

// BenchmarkExchange is what two lines cost per period beside the kernel.
func BenchmarkExchange(b *testing.B) {
	for _, coding := range []Coding{Linear16, MuLaw} {
		p := &PCM{opts: Opts{Channels: 2, Period: 80, Coding: coding}}
		p.period = make([]byte, 2*80*formats[coding][0].bytes)
		toPhone, fromPhone := blocks(p)
		b.Run(formats[coding][0].name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				coding.split(fromPhone, p.period)
				coding.merge(p.period, toPhone)
			}
		})
	}
}
