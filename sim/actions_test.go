package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/tone"
	"github.com/ata-agent/ata-agent/slic/twowire"
)

// inWorld runs f in a bubble while the lab's world turns.
func inWorld(t *testing.T, set Settings, f func(t *testing.T, l *lab), prepare ...func(*lab)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, 2, set, WorldOpts{})
		for _, p := range prepare {
			p(l)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			for ctx.Err() == nil {
				if err := l.world.Exchange(l.to, l.from); err != nil {
					t.Error(err)
					return
				}
			}
		}()
		f(t, l)
		cancel()
		<-ended
	})
}

func do(t *testing.T, tel *Telephone, sequence string) string {
	t.Helper()
	var out bytes.Buffer
	if err := tel.Do(t.Context(), strings.Fields(sequence), &out); err != nil {
		t.Fatalf("%s: %v", sequence, err)
	}
	return out.String()
}

func TestDoTimesAreExact(t *testing.T) {
	inWorld(t, plain(), func(t *testing.T, l *lab) {
		time.Sleep(20 * ms)
		start := l.phones[0].clock()
		do(t, l.phones[0], "offhook pause 1s flash 120 dial 123 -on 50 -off 60ms pause 0.5 pulse 2 -pps 20 onhook")
		want := samples(time.Second + 120*ms + 3*110*ms + 500*time.Microsecond + windUp + 100*ms)
		got := l.phones[0].clock() - start
		// The last action ends within the millisecond in which Do returns.
		if got < want || got > want+16 {
			t.Errorf("the sequence took %d samples, want %d", got, want)
		}
	})
}

func TestDoState(t *testing.T) {
	inWorld(t, DefaultSettings(), func(t *testing.T, l *lab) {
		out := do(t, l.phones[0], "pause 500 state offhook pause 500 state -json onhook")
		text, object, _ := strings.Cut(out, "\n")
		if want := "on hook, loop 48.0 V 0.0 mA, polarity normal"; text != want {
			t.Errorf("state = %q, want %q", text, want)
		}
		var s State
		if err := json.Unmarshal([]byte(object), &s); err != nil {
			t.Fatal(err)
		}
		if !s.OffHook || s.Milliamps != 20 || s.Polarity != Normal || s.Level != quietest {
			t.Errorf("state = %+v", s)
		}
	})
}

func TestDoWait(t *testing.T) {
	chord := func(l *lab) {
		for i := range l.to[0] { // whole cycles in a period
			l.to[0][i] = int16(3000*math.Sin(2*math.Pi*400*float64(i)/8000) + 3000*math.Sin(2*math.Pi*500*float64(i)/8000))
		}
	}
	inWorld(t, plain(), func(t *testing.T, l *lab) {
		tel := l.phones[0]
		start := time.Now()
		err := tel.Do(t.Context(), []string{"offhook", "wait", "tone:busy", "-timeout", "2s"}, nil)
		if err == nil || !strings.Contains(err.Error(), "wait tone:busy: not within 2s; now off hook, loop 9.4 V 20.0 mA") ||
			!strings.Contains(err.Error(), "500 Hz") {
			t.Errorf("waiting for what does not come: %v", err)
		}
		if took := time.Since(start); took < 2*time.Second || took > 2*time.Second+20*ms {
			t.Errorf("a timeout of 2 s took %v", took)
		}
		do(t, tel, "onhook wait silent pause 1s")
	}, chord)
}

// The events of wait come when the wire carries them, not before.
func TestDoWaitsForEvents(t *testing.T) {
	tones := &testland.Tones
	ringing := func(c *feedChip) { // 2 s of ringing, then nothing
		n := int64(0)
		c.source = func() float64 {
			n++
			c.drive = ringDrive(n, 45, 20, 0, n > 800 && n < 16800)
			return 0
		}
	}
	voice := func(c *feedChip) {
		v := newVoice(9)
		c.source = func() float64 { return v.next() * twowire.VoltsPerUnit }
	}
	opening := func(c *feedChip) { // an open loop after 2 s
		n := 0
		c.source = func() float64 {
			n++
			c.drive = battery
			c.drive.Open = n > 16000 && n < 19000
			return 0
		}
	}
	plays := func(s tone.Spec, rest bool) func(*feedChip) {
		return func(c *feedChip) {
			var heard []float64
			length := 5 * 8000
			if rest {
				length = 2 * 8000
			}
			play(s, func(v float64) bool {
				heard = append(heard, v)
				return len(heard) < length
			})
			c.source = func() (v float64) {
				if len(heard) > 0 {
					v, heard = heard[0], heard[1:]
				}
				return v
			}
		}
	}
	tests := []struct {
		sequence string
		wire     func(*feedChip)
		min, max time.Duration
	}{
		{"wait ringing", ringing, 145 * ms, 250 * ms},
		{"wait ringing wait silent", ringing, 8500 * ms, 8700 * ms},
		{"offhook wait tone:dial", plays(tones.Dial, false), 200 * ms, 300 * ms},
		{"offhook wait tone:dial", plays(tones.RecallDial, false), 600 * ms, 800 * ms},
		{"offhook wait tone:dial wait silent", plays(tones.Dial, true), 2500 * ms, 2600 * ms},
		{"offhook wait tone:ringback", plays(tones.Ringback, false), 200 * ms, 300 * ms},
		{"offhook wait tone:busy", plays(tones.Busy, false), 250 * ms, 400 * ms},
		{"offhook wait tone:reorder", plays(tones.Reorder, false), 250 * ms, 400 * ms},
		{"offhook wait tone:sit", plays(tones.VacantCode, false), 200 * ms, 500 * ms},
		{"offhook wait tone:callwaiting", plays(tones.CallWaiting, false), 200 * ms, 400 * ms},
		{"offhook wait tone:howler", plays(tones.Howler, false), 200 * ms, 400 * ms},
		{"offhook wait talk", voice, 200 * ms, 1500 * ms},
		{"offhook wait cpc", opening, 2060 * ms, 2150 * ms},
		{"offhook pause 3s wait cpc", opening, 3000 * ms, 3020 * ms},
	}
	for _, tt := range tests {
		t.Run(tt.sequence, func(t *testing.T) {
			inWorld(t, plain(), func(t *testing.T, l *lab) {
				start := time.Now()
				do(t, l.phones[0], tt.sequence+" -timeout 20s")
				if took := time.Since(start); took < tt.min || took > tt.max {
					t.Errorf("took %v, want %v to %v", took, tt.min, tt.max)
				}
			}, func(l *lab) { tt.wire(l.chips[0]) })
		})
	}
}

// One caller records while another dials.
func TestDoSideBySide(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tape.wav")
	set := plain()
	set.Sidetone = 0
	inWorld(t, set, func(t *testing.T, l *lab) {
		tel := l.phones[0]
		do(t, tel, "offhook pause 10")
		ended := make(chan error, 1)
		go func() { ended <- tel.Do(t.Context(), []string{"record", path, "-for", "1s"}, nil) }()
		time.Sleep(100 * ms)
		other := make(chan error, 1)
		go func() { other <- tel.Do(t.Context(), []string{"dial", "55"}, nil) }()
		time.Sleep(50 * ms)
		if err := tel.Do(t.Context(), []string{"dial", "1"}, nil); !errors.Is(err, errInUse) {
			t.Errorf("dialing while another dials: %v", err)
		}
		if err := errors.Join(<-ended, <-other); err != nil {
			t.Error(err)
		}
	})
	tape := readFile(t, path)
	loud := 0
	for i := 0; i+80 <= len(tape); i += 80 {
		if dsp.LevelOf(tape[i:i+80]) > -10 {
			loud++
		}
	}
	if len(tape) != 8000 || loud < 19 || loud > 21 {
		t.Errorf("the tape of %d samples has %d loud frames, want 20", len(tape), loud)
	}
}

func TestDoOnHookErrors(t *testing.T) {
	inWorld(t, plain(), func(t *testing.T, l *lab) {
		for _, s := range []string{"dial 1", "pulse 1", "flash"} {
			if err := l.phones[0].Do(t.Context(), strings.Fields(s), nil); !errors.Is(err, errOnHook) {
				t.Errorf("%s on hook: %v", s, err)
			}
		}
	})
}

func TestDoSayAndRecordAtOnce(t *testing.T) {
	dir := t.TempDir()
	hello := make([]int16, 4000)
	for i := range hello {
		hello[i] = int16(8000 * math.Sin(2*math.Pi*500*float64(i)/8000))
	}
	writeFile(t, filepath.Join(dir, "hello.wav"), hello)
	set := plain()
	set.Sidetone = 0
	inWorld(t, set, func(t *testing.T, l *lab) {
		tape := filepath.Join(dir, "tape.wav")
		short := filepath.Join(dir, "short.wav")
		start := time.Now()
		do(t, l.phones[0], "offhook record "+tape+" record "+short+" -for 1s say "+hello500(dir)+" pause 100ms say "+hello500(dir)+" -bg onhook")
		if took := time.Since(start); took < time.Second || took > time.Second+20*ms {
			t.Errorf("took %v, want the second of the limited recording", took)
		}
		got := readFile(t, tape)
		if n := len(got); n < 8000 || n > 8200 {
			t.Errorf("recorded %d samples", n)
		}
		within(t, "level of the recorded sidetone", float64(dsp.LevelOf(got[:4000])), float64(dsp.LevelOf(hello)), 0.1)
		if l := dsp.LevelOf(got[4000:4790]); l > -90 {
			t.Errorf("the pause is recorded at %v dBm0", l)
		}
		if n := len(readFile(t, short)); n != 8000 {
			t.Errorf("the recording of 1 s has %d samples", n)
		}
	})
}

func hello500(dir string) string { return filepath.Join(dir, "hello.wav") }

func writeFile(t *testing.T, path string, x []int16) {
	t.Helper()
	var b bytes.Buffer
	if err := WriteWAV(&b, x); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

func readFile(t *testing.T, path string) []int16 {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	x, err := ReadWAV(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestDoEndsWithContext(t *testing.T) {
	inWorld(t, plain(), func(t *testing.T, l *lab) {
		ctx, cancel := context.WithTimeout(t.Context(), 300*ms)
		defer cancel()
		err := l.phones[0].Do(ctx, []string{"wait", "ringing"}, nil)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Do = %v", err)
		}
		if n := len(l.phones[0].programs); n != 0 {
			t.Errorf("%d programs left on the telephone", n)
		}
	})
}

func TestDoNoticesStandstill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, 1, plain(), WorldOpts{})
		err := l.phones[0].Do(t.Context(), []string{"pause", "1s"}, nil)
		if err == nil || !strings.Contains(err.Error(), "stood still") {
			t.Errorf("Do = %v", err)
		}
	})
}

func TestDoSetAndFault(t *testing.T) {
	inWorld(t, plain(), func(t *testing.T, l *lab) {
		tel := l.phones[0]
		do(t, tel, "set ren=3 loop=500 bounce=2-4 echo=m4 erl=12 noise=-60 parallel=onhook fault short ring-ground=100 foreign=50@50")
		s := tel.Settings()
		if s.REN != 3 || s.Loop != 500 || s.BounceMin != 2*ms || s.BounceMax != 4*ms || s.Echo != "m4" || s.ERL != 12 ||
			s.Noise != -60 || s.Parallel != ParallelOnHook {
			t.Errorf("settings %+v", s)
		}
		if want := (Faults{Short: 1, RingGround: 100, ForeignVolts: 50, ForeignHz: 50}); tel.faults != want {
			t.Errorf("faults %+v, want %+v", tel.faults, want)
		}
		do(t, tel, "fault none")
		if tel.faults != (Faults{}) {
			t.Errorf("faults %+v after none", tel.faults)
		}
	})
}

func TestParseErrors(t *testing.T) {
	tests := []struct{ sequence, want string }{
		{"", "no action, want offhook"},
		{"hang", `"hang" is not an action, want offhook`},
		{"dial", "dial: DIGITS is missing"},
		{"dial 12x", `"12X" has other than 0-9`},
		{"dial 1 -volume 3", `unknown option "-volume", want -on -off -level -twist`},
		{"dial 1 -level loud", `dial -level: "loud" is not a number of -60..3`},
		{"dial 1 -on", "option -on needs a value"},
		{"dial 1 -on 1h", `"1h" is not a time of 5ms..10s`},
		{"pulse A", "has other than 0-9 * #"},
		{"pulse 1 -pps 40", "a number of 5..25"},
		{"flash 1h", "neither a time of 10ms..5s nor an action"},
		{"wait", "wait: EVENT is missing, want ringing"},
		{"wait tone:engaged", `"tone:engaged" is not an event, want ringing silent tone:dial`},
		{"wait ringing -timeout soon", `"soon" is not a time of 0s..24h`},
		{"pause", "a time is missing"},
		{"pause long", `"long" is not a time`},
		{"say", "FILE.wav is missing"},
		{"set", "KEY=VALUE is missing, want KEY one of ren"},
		{"set colour=red", "want KEY=VALUE with KEY one of ren"},
		{"set ren=99", `set ren: "99" is not a number 0..10`},
		{"set echo=m9", `set echo: "m9" is not none, m1 … m8`},
		{"set ren=NaN", `"NaN" is not`},
		{"fault", "KIND is missing, want one of none, open"},
		{"fault fire", `fault "fire": want one of none, open`},
		{"fault leakage", "leakage=OHMS"},
		{"fault foreign=9000", "not a voltage of -250..250"},
	}
	for _, tt := range tests {
		_, err := parseActions(strings.Fields(tt.sequence))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: error %v, want %q", tt.sequence, err, tt.want)
		}
	}
}

func TestParseSequence(t *testing.T) {
	list, err := parseActions(strings.Fields(
		"offhook flash flash 100 dial *72# -twist -3 -level -10 set ren=2 loop=0 fault short wait cpc -timeout 5 record a.wav state -json onhook"))
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 10 {
		t.Errorf("%d actions, want 10", len(list))
	}
	if d := list[3].(*dialAction); d.keys != "*72#" || d.style.twist != -3 || d.style.level != -10 {
		t.Errorf("dial read as %+v", d)
	}
	if w := list[6].(*waitAction); w.timeout != 5*ms {
		t.Errorf("wait read as %+v", w)
	}
}

// The help text names every verb, setting and event.
func TestVerbs(t *testing.T) {
	help := Verbs()
	for _, k := range knobs {
		if !strings.Contains(help, k.key) {
			t.Errorf("the help text lacks %q", k.key)
		}
	}
	for _, e := range events() {
		if !strings.Contains(help, e) {
			t.Errorf("the help text lacks %q", e)
		}
	}
}

func FuzzParseActions(f *testing.F) {
	f.Add("offhook wait tone:dial -timeout 5s dial 123 -on 50 -level -9 wait talk onhook")
	f.Add("set ren=1 bounce=5-30 echo=m3 fault foreign=50@50 leakage=1e5 none")
	f.Add("record a.wav -for 5s say b.wav -bg pulse 1*# -pps 20 -break 67 flash 100 state -json pause 1h")
	f.Fuzz(func(t *testing.T, text string) {
		list, err := parseActions(strings.Fields(text))
		if (err == nil) == (len(list) == 0) {
			t.Fatalf("%q: %d actions, error %v", text, len(list), err)
		}
		// What was read can be done without files.
		tel := NewTelephone(TelephoneOpts{Country: testland})
		for _, a := range list {
			if _, needs := a.(preparer); needs {
				return
			}
		}
		p := &program{actions: list, notes: make(chan note, len(list)+1), ended: make(chan error, 1)}
		tel.submit(p)
		for range 50 {
			s := tel.Step(twowire.Drive{Volts: 48, Ohms: 160, LimitAmps: 0.02})
			if math.IsNaN(s.Volts + s.Amps + s.Voice + s.TipVolts + s.RingVolts + s.LeakAmps) {
				t.Fatalf("%q: the pair answers %+v", text, s)
			}
		}
	})
}
