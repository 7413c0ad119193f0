package agent_test

import (
	"bytes"
	"encoding/json"
	"hash/crc32"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ata-agent/ata-agent/agent"
	"github.com/ata-agent/ata-agent/dsp/compare"
	"github.com/ata-agent/ata-agent/sim"
	"github.com/ata-agent/ata-agent/slic"
	"github.com/ata-agent/ata-agent/slic/si321x/model"
)

// boards are the kinds of boards, those with wires first.
var boards = []struct {
	name     string
	hardware sim.Hardware
}{{"si321x", sim.Si321x}, {"gpio", sim.Ag1171}, {"handset", sim.Handset}}

const withWires = 2

// inWorld runs a test of n lines in virtual time on every kind of board.
func inWorld(t *testing.T, n int, change func(int, object), test func(w *world)) {
	t.Helper()
	onBoards(t, len(boards), n, change, test)
}

// onWires runs it on the boards whose telephones hang on wires: on chips and on
// modules.
func onWires(t *testing.T, n int, change func(int, object), test func(w *world)) {
	t.Helper()
	onBoards(t, withWires, n, change, test)
}

// onBoards runs it on the first kinds of boards; under the race detector on one of
// them, which the name of the test decides.
func onBoards(t *testing.T, kinds, n int, change func(int, object), test func(w *world)) {
	t.Helper()
	one := int(crc32.ChecksumIEEE([]byte(t.Name()))) % kinds
	for i, b := range boards[:kinds] {
		if !raceDetector || i == one {
			t.Run(b.name, func(t *testing.T) { inWorldOf(t, b.hardware, n, change, test) })
		}
	}
}

// inWorldOf runs it on one kind of board.
func inWorldOf(t *testing.T, hardware sim.Hardware, n int, change func(int, object), test func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorldOf(t, hardware, document(n, change))
		defer w.stop()
		test(w)
	})
}

func TestCallByKeysAndByDial(t *testing.T) {
	call := func(how string) func(w *world) {
		return func(w *world) {
			w.phone(1, "offhook wait tone:dial "+how+" wait tone:ringback")
			w.phone(2, "wait ringing offhook pause 500ms")
			w.eventually(time.Second, "both lines talk", func() bool {
				s := w.agent.Status()
				return s.Lines[0].State == "talking" && s.Lines[1].State == "talking"
			})
			w.phone(1, "onhook")
			w.phone(2, "GONE onhook")
			w.idle()
		}
	}
	for _, how := range []string{"dial 102", "dial 102 -on 50 -off 50"} {
		t.Run(how, func(t *testing.T) { inWorld(t, 2, nil, call(how)) })
	}
	for _, how := range []string{"pulse 102 -pps 10", "pulse 102 -pps 20"} {
		t.Run(how, func(t *testing.T) { onWires(t, 2, nil, call(how)) })
	}
}

// TestSpeech has both speak at once and compares what arrives.
func TestSpeech(t *testing.T) {
	notUnderRace(t)
	one, two := speech(t, "thanks.wav"), speech(t, "intro.wav")
	for _, law := range []string{"PCMU", "PCMA"} {
		t.Run(law, func(t *testing.T) {
			change := func(_ int, l object) {
				l["codecs"] = object{"order": []string{law}}
				l["dsp"] = object{"high_pass": false} // the recordings reach further down
			}
			inWorld(t, 2, change, func(w *world) {
				// The wires and the telephones' own sidetone are not under test.
				w.phone(1, "PLAIN offhook wait tone:dial dial 102")
				w.phone(2, "PLAIN wait ringing offhook pause 500ms")
				a, b := w.board.Phones[0], w.board.Phones[1]
				// The telephones are stepped one after the other, so one may be a
				// sample ahead.
				recA, recB := a.Record(0), b.Record(0)
				startA, startB := a.Speak(one), b.Speak(two)
				w.phone(1, "pause 5s")
				judge(t, "1 to 2", one, recB.Stop()[max(0, startA-recB.Start()):])
				judge(t, "2 to 1", two, recA.Stop()[max(0, startB-recA.Start()):])
				w.phone(2, "onhook")
				w.phone(1, "GONE onhook")
				w.idle()
				for _, c := range w.agent.Calls() {
					if c.Codec != law || c.Voice.Lost != 0 {
						t.Errorf("call: codec %s, lost %d, want %s and nothing lost", c.Codec, c.Voice.Lost, law)
					}
					if v := c.Voice; v.MOSLQ < 4.4 || v.MOSCQ < 4.35 || v.R < 91 || v.LossRate+v.DiscardRate != 0 || v.SpeechLevelDBm0 > -10 || v.SpeechLevelDBm0 < -40 {
						t.Errorf("quality: %+v, want a clean call", v.QualityStatus)
					}
				}
			})
		})
	}
}

// judge holds what was heard against what was said: at most 80 ms from mouth
// to ear through two agents, the level within 0.5 dB, nothing lost.
func judge(t *testing.T, name string, said, heard []int16) {
	t.Helper()
	r, err := compare.Speech(said, heard, 500*time.Millisecond)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	t.Logf("%s: %+v", name, r)
	if r.Delay > 80*time.Millisecond || math.Abs(r.Gain) > 0.5 || r.Correlation < 0.98 || r.Gaps > 0 || r.Spread > 5*time.Millisecond {
		t.Errorf("%s: %+v, want at most 80 ms and steady, 0.5 dB, at least 0.98, no gaps", name, r)
	}
}

func speech(t *testing.T, name string) []int16 {
	t.Helper()
	data, err := os.ReadFile("../cmd/ata-agent/speech/" + name)
	if err != nil {
		t.Fatal(err)
	}
	samples, err := sim.ReadWAV(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return samples
}

// TestRingTrip answers at several phases of the ringing; both talk 200 ms later.
func TestRingTrip(t *testing.T) {
	inWorld(t, 2, nil, func(w *world) {
		for _, after := range []string{"1ms", "307ms", "611ms", "1213ms"} {
			w.phone(1, "offhook wait tone:dial dial 102")
			w.phone(2, "wait ringing pause "+after+" offhook")
			w.eventually(200*time.Millisecond, "both lines talk after "+after, func() bool {
				s := w.agent.Status()
				return s.Lines[0].State == "talking" && s.Lines[1].State == "talking"
			})
			w.phone(2, "onhook")
			w.phone(1, "GONE onhook")
			w.idle()
			time.Sleep(time.Second)
		}
	})
}

// TestFailuresHaveTheirTone calls numbers that the registrar refuses.
func TestFailuresHaveTheirTone(t *testing.T) {
	inWorld(t, 1, nil, func(w *world) {
		for number, tone := range map[string]string{
			"9486": "busy", "9600": "busy", "9603": "busy", "9404": "sit", "9410": "sit",
			"9480": "reorder", "9500": "reorder", "9403": "reorder", "109": "sit",
		} {
			w.phone(1, "offhook wait tone:dial dial "+number+" wait tone:"+tone+" onhook pause 1500ms")
			w.idle()
		}
	})
}

func TestCallerGivesUp(t *testing.T) {
	inWorld(t, 2, nil, func(w *world) {
		w.phone(1, "offhook wait tone:dial dial 102 wait tone:ringback onhook")
		w.phone(2, "wait silent")
		w.idle()
	})
}

// TestFarEndHangsUp expects open loop, silence and reorder, in this order.
func TestFarEndHangsUp(t *testing.T) {
	inWorld(t, 2, nil, func(w *world) {
		w.phone(1, "offhook wait tone:dial dial 102")
		w.phone(2, "wait ringing offhook pause 1s onhook")
		w.phone(1, "GONE wait tone:reorder -timeout 10s onhook")
		w.idle()
	})
}

// closedPort cannot open the loop, as a module whose PD is not wired.
type closedPort struct{ slic.Line }

func (p closedPort) Caps() slic.Caps {
	c := p.Line.Caps()
	c.OpenLoop = false
	return c
}

// TestNoOpenLoop has ports that cannot open the loop: the call ends without.
func TestNoOpenLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wrap := func(l slic.Line) slic.Line { return closedPort{l} }
		w := newWorldOf(t, sim.Ag1171, document(2, nil), wrap)
		defer w.stop()
		w.phone(1, "offhook wait tone:dial dial 102")
		w.phone(2, "wait ringing offhook pause 1s onhook")
		w.phone(1, "wait tone:reorder -timeout 10s")
		if n := w.board.Phones[0].State().OpenLoops; n > 0 {
			t.Errorf("%d open loops", n)
		}
		w.phone(1, "onhook")
		w.idle()
	})
}

// TestReceiverLeftOffHook ends in lock-out, and the line works afterwards.
func TestReceiverLeftOffHook(t *testing.T) {
	notUnderRace(t)
	inWorldOf(t, sim.Si321x, 1, nil, func(w *world) {
		w.phone(1, "offhook wait tone:dial wait tone:reorder -timeout 30s wait tone:howler -timeout 60s wait silent -timeout 2m")
		if s := w.agent.Status().Lines[0].State; s != "locked" {
			t.Errorf("state = %s, want locked", s)
		}
		w.phone(1, "onhook pause 2s offhook wait tone:dial onhook")
		w.idle()
	})
}

// TestCallWaiting has a third telephone knock: the flash swaps.
func TestCallWaiting(t *testing.T) {
	inWorld(t, 3, nil, func(w *world) {
		w.phone(1, "offhook wait tone:dial dial 102")
		w.phone(2, "wait ringing offhook")
		w.phone(3, "offhook wait tone:dial dial 101 wait tone:ringback")
		w.phone(1, "wait tone:callwaiting flash 300")
		w.eventually(3*time.Second, "telephone 3 is talked to", func() bool { return w.agent.Status().Lines[2].State == "talking" })
		if calls := w.agent.Status().Lines[0].Calls; len(calls) != 2 {
			t.Errorf("line 1 has %d calls, want the one on hold and the new one", len(calls))
		}
		w.phone(1, "pause 1s flash 300 pause 1s")
		w.phone(3, "onhook")
		w.phone(1, "pause 1s onhook")
		w.phone(2, "GONE onhook")
		w.idle()
	})
}

// TestConfigurationDuringCall changes the account while it is used: the call
// goes on, then the change holds.
func TestConfigurationDuringCall(t *testing.T) {
	inWorld(t, 2, nil, func(w *world) {
		w.phone(1, "offhook wait tone:dial dial 102")
		w.phone(2, "wait ringing offhook pause 1s")
		next := document(2, func(i int, l object) {
			if i == 0 {
				l["name"] = "renamed"
				l["slic"] = object{"country": "DE"}
			}
		})
		if err := w.agent.Apply(next); err != nil {
			t.Fatal(err)
		}
		w.phone(1, "pause 3s")
		if s := w.agent.Status().Lines[0]; s.State != "talking" || !s.Pending || s.Name != "" {
			t.Errorf("during the call: state %s, pending %v, name %q; want an untouched call", s.State, s.Pending, s.Name)
		}
		w.phone(1, "onhook")
		w.phone(2, "GONE onhook")
		w.eventually(10*time.Second, "the change holds", func() bool {
			s := w.agent.Status().Lines[0]
			return s.Name == "renamed" && !s.Pending && s.Registration == "registered"
		})
		w.phone(1, "offhook pause 500ms")
		if sound := w.board.Phones[0].State().Sound; len(sound) != 1 || math.Abs(sound[0].Hertz-425) > 5 {
			t.Errorf("dial tone = %v, want Germany's 425 Hz", sound)
		}
		w.phone(1, "onhook")
		w.idle()
	})
}

// TestStartSpreadIsForPowerUp changes an account whose first registration waits:
// who changes it does not, or a trial of the change would end before.
func TestStartSpreadIsForPowerUp(t *testing.T) {
	spread := func(seconds, expires int) func(int, object) {
		return func(_ int, l object) {
			account := l["sip"].(object)
			account["start_spread_s"], account["expires_s"] = seconds, expires
		}
	}
	inWorld(t, 1, spread(10, 3600), func(w *world) {
		for expires := 3000; expires < 3010; expires++ {
			time.Sleep(time.Second)
			changed := time.Now()
			if err := w.agent.Apply(document(1, spread(300, expires))); err != nil {
				t.Fatal(err)
			}
			w.eventually(2*time.Second, "the changed account is registered", func() bool {
				s := w.agent.Status().Lines[0]
				return s.Registration == "registered" && !s.RegisteredAt.Before(changed)
			})
		}
		w.idle()
	})
}

// TestLiveChangeDuringCall changes what needs no registration while there is a
// call: it holds at once, the call goes on, and the account is left alone.
func TestLiveChangeDuringCall(t *testing.T) {
	inWorld(t, 2, nil, func(w *world) {
		w.phone(1, "offhook wait tone:dial dial 102")
		w.phone(2, "wait ringing offhook pause 1s")
		before := w.agent.Status().Lines[0]
		next := document(2, func(i int, l object) {
			l["name"] = "renamed"
			l["tones"] = object{"reorder_delay_s": 1}
			l["slic"] = object{"country": "US", "tx_gain_db": -6}
			l["dial"] = object{"plan": "(911|xxxx)"}
		})
		if err := w.agent.Apply(next); err != nil {
			t.Fatal(err)
		}
		w.phone(1, "pause 1s")
		s := w.agent.Status().Lines[0]
		if s.State != "talking" || s.Pending || s.Name != "renamed" || len(s.Calls) != 1 || s.Calls[0].Voice.Lost != 0 {
			t.Errorf("during the call: %+v; want the change in force and the call untouched", s)
		}
		w.phone(2, "onhook")
		w.phone(1, "GONE pause 1500ms wait tone:reorder onhook")
		w.phone(1, "pause 2s offhook wait tone:dial dial 102 wait tone:reorder onhook") // the new plan knows no 102
		if s := w.agent.Status().Lines[0]; !s.Until.Equal(before.Until) || s.Registration != "registered" {
			t.Errorf("registration until %v, was %v: the line registered anew", s.Until, before.Until)
		}
		w.idle()
	})
}

// TestMissingChip leaves the other line working.
func TestMissingChip(t *testing.T) {
	inWorldOf(t, sim.Si321x, 2, nil, func(w *world) {
		w.board.Chips[0].Inject(model.Missing)
		w.eventually(10*time.Second, "status says what is wrong", func() bool {
			s := w.agent.Status().Lines[0]
			return !s.PortUp && s.PortError != ""
		})
		w.phone(2, "offhook wait tone:dial dial 101 wait tone:reorder onhook") // 480: out of service
		w.board.Chips[0].Clear(model.Missing)
		w.eventually(time.Minute, "the port is back", func() bool { return w.agent.Status().Lines[0].PortUp })
		w.phone(2, "offhook wait tone:dial dial 101")
		w.phone(1, "wait ringing offhook pause 500ms onhook")
		w.phone(2, "GONE onhook")
		w.idle()
	})
}

// TestClockLost stops the PCM highway: no line works, status says so, and all
// come back with it.
func TestClockLost(t *testing.T) {
	inWorld(t, 2, nil, func(w *world) {
		w.board.World.StopClock()
		w.eventually(10*time.Second, "status says what is wrong", func() bool {
			s := w.agent.Status()
			return !s.Clock.Running && s.Clock.Errors > 0
		})
		time.Sleep(5 * time.Second)
		w.board.World.StartClock()
		w.eventually(time.Minute, "both ports are back", func() bool {
			s := w.agent.Status()
			return s.Clock.Running && s.Lines[0].PortUp && s.Lines[1].PortUp
		})
		w.phone(1, "offhook wait tone:dial dial 102 wait tone:ringback onhook")
		w.idle()
	})
}

// TestShutDownDuringCall expects the far end to be told and the registrations
// to be taken back.
func TestShutDownDuringCall(t *testing.T) {
	inWorld(t, 2, nil, func(w *world) {
		w.phone(1, "offhook wait tone:dial dial 102")
		w.phone(2, "wait ringing offhook pause 1s")
		w.stop()
		for _, user := range []string{"101", "102"} {
			if b := w.registrar.Bindings(user); len(b) != 0 {
				t.Errorf("%s is still registered: %v", user, b)
			}
		}
		for _, c := range w.agent.Calls() {
			if c.Ended.IsZero() {
				t.Errorf("call %d did not end", c.Call)
			}
		}
	})
}

// TestHeldCallRingsBack puts the handset down with the far end on hold: the
// telephone rings, and lifting goes back to the call.
func TestHeldCallRingsBack(t *testing.T) {
	inWorld(t, 2, nil, func(w *world) {
		w.phone(1, "offhook wait tone:dial dial 102 wait tone:ringback")
		w.phone(2, "wait ringing offhook pause 500ms")
		w.phone(1, "flash wait tone:dial pause 3s onhook wait ringing offhook pause 500ms")
		w.eventually(time.Second, "both lines talk", func() bool {
			s := w.agent.Status()
			return s.Lines[0].State == "talking" && s.Lines[1].State == "talking"
		})
		w.phone(1, "onhook")
		w.phone(2, "GONE onhook")
		w.idle()
	})
}

// TestEventsHaveTheirTime includes the first one, of a line that registers
// nowhere.
func TestEventsHaveTheirTime(t *testing.T) {
	change := func(_ int, l object) { l["sip"].(object)["register"] = false }
	inWorld(t, 1, change, func(w *world) {
		answer := httptest.NewRecorder()
		w.agent.API().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/v1/events", nil))
		var n int
		for dec := json.NewDecoder(answer.Body); dec.More(); n++ {
			var r agent.Record
			if err := dec.Decode(&r); err != nil {
				t.Fatal(err)
			}
			if r.Time.IsZero() {
				t.Errorf("no time: %s", r.Text)
			}
		}
		if n == 0 {
			t.Error("no events")
		}
	})
}
