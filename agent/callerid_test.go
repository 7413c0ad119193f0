package agent_test

import (
	"context"
	"net/netip"
	"os"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ata-agent/ata-agent/sim"
	"github.com/ata-agent/ata-agent/sip"
)

// inCountry is a change of every line to a country; the first has a name.
func inCountry(code string) func(int, object) {
	return func(i int, l object) {
		l["slic"] = object{"country": code}
		if i == 0 {
			l["sip"].(object)["display_name"] = "Zoë"
		}
	}
}

// inNation runs a test of n lines in a country, on chips, and on modules where
// the country does to the feed what no other of those does. With ATA_FULL=1 all
// run on both.
func inNation(t *testing.T, n int, code string, test func(w *world)) {
	t.Helper()
	if slices.Contains([]string{"US", "GB", "JP", "SE"}, code) || os.Getenv("ATA_FULL") == "1" {
		onWires(t, n, inCountry(code), test)
		return
	}
	inWorldOf(t, sim.Si321x, n, inCountry(code), test)
}

// TestCallerIDInCountries has telephone 1 call telephone 2, which shows who
// calls as its country does it, and can be answered as ever.
func TestCallerIDInCountries(t *testing.T) {
	notUnderRace(t)
	const data, keys = "data", "keys"
	for code, want := range map[string]sim.CallerID{
		"US": {Form: data, Number: "101", Name: "Zoe"},
		"AU": {Form: data, Number: "101", Name: "Zoe"},
		"HK": {Form: data, Number: "101", Name: "Zoe"},
		"DE": {Form: data, Number: "101", Name: "Zoe"},
		"FR": {Form: data, Number: "101", Name: "Zoe"},
		"GB": {Form: data, Number: "101", Name: "Zoe"},
		"JP": {Form: "data-japan", Number: "101"},
		"FI": {Form: keys, Number: "101"},
		"SE": {Form: keys, Number: "101"},
		"IN": {Form: keys, Number: "101"},
		"DK": {Form: keys, Number: "101"},
		"KW": {Form: keys, Number: "101"},
	} {
		t.Run(code, func(t *testing.T) {
			inNation(t, 2, code, func(w *world) {
				w.phone(1, "offhook wait tone:dial dial 102")
				w.phone(2, "wait callerid -timeout 15s")
				shown(t, w, 2, want)
				w.phone(2, "wait ringing -timeout 10s offhook pause 500ms")
				w.eventually(time.Second, "both lines talk", func() bool {
					s := w.agent.Status()
					return s.Lines[0].State == "talking" && s.Lines[1].State == "talking"
				})
				w.phone(1, "onhook")
				w.phone(2, "pause 1500ms onhook")
				w.idle()
			})
		})
	}
}

func shown(t *testing.T, w *world, phone int, want sim.CallerID) {
	t.Helper()
	got := sim.CallerID{}
	if c := w.board.Phones[phone-1].State().CallerID; c != nil {
		got = *c
	}
	if got.Seconds = 0; got != want {
		t.Errorf("telephone %d shows %+v, want %+v", phone, got, want)
	}
}

// TestCallerIDSchemes plays what no country has by itself, but a configuration
// can ask for, and what it can switch off.
func TestCallerIDSchemes(t *testing.T) {
	notUnderRace(t)
	for _, scheme := range []string{"etsi-fsk-alert", "etsi-fsk-reversal", "etsi-fsk-pulse", "bellcore-sdmf", "dtmf-hash"} {
		t.Run(scheme, func(t *testing.T) {
			change := func(_ int, l object) { l["callerid"] = object{"scheme": scheme} }
			inWorldOf(t, sim.Si321x, 2, change, func(w *world) {
				w.phone(1, "offhook wait tone:dial dial 102")
				w.phone(2, "wait callerid -timeout 15s wait ringing -timeout 10s")
				if c := w.board.Phones[1].State().CallerID; c == nil || c.Number != "101" {
					t.Errorf("shown is %v, want 101", c)
				}
				w.phone(1, "onhook")
				w.phone(2, "wait silent")
				w.idle()
			})
		})
	}
	t.Run("off", func(t *testing.T) {
		change := func(_ int, l object) { l["callerid"] = object{"enabled": false} }
		inWorldOf(t, sim.Si321x, 2, change, func(w *world) {
			w.phone(1, "offhook wait tone:dial dial 102")
			w.phone(2, "wait ringing pause 9s")
			shown(t, w, 2, sim.CallerID{})
			w.phone(1, "onhook")
			w.idle()
		})
	})
}

// TestCallerIDWithheld calls from a subscriber who wants to stay unknown.
func TestCallerIDWithheld(t *testing.T) {
	for code, want := range map[string]sim.CallerID{
		"US": {Form: "data", Absent: "P"}, "SE": {Form: "keys", Absent: "P"},
	} {
		t.Run(code, func(t *testing.T) {
			inNation(t, 2, code, func(w *world) {
				end := w.stranger("102")
				w.phone(2, "wait callerid -timeout 20s")
				shown(t, w, 2, want)
				end()
				w.idle()
			})
		})
	}
}

// stranger calls a number with the caller's identity withheld, until end.
func (w *world) stranger(number string) (end func()) {
	w.t.Helper()
	at := netip.MustParseAddr("10.0.2.1")
	account := sip.Account{
		User: "101", Password: "secret", Display: "Zoë", Domain: "ata.test", Proxy: registrarAddr, Transport: sip.UDP, Withhold: true,
	}
	ua, err := sip.New(account, sip.Voice{Codecs: []string{"PCMU"}, PTime: 20 * time.Millisecond}, sip.Opts{
		Listen: w.net.ListenPacket, LocalAddr: at, Notify: func(sip.Event) {},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(w.ctx)
	var running sync.WaitGroup
	running.Go(func() {
		if err := ua.Run(ctx); err != nil {
			w.t.Error(err)
		}
	})
	ua.Invite(number, netip.AddrPortFrom(at, 20000))
	return func() {
		cancel()
		running.Wait()
	}
}

// TestCallerIDWhileTalking has a third telephone knock: the first shows who it
// is, and the talk goes on.
func TestCallerIDWhileTalking(t *testing.T) {
	for _, code := range []string{"US", "GB"} {
		t.Run(code, func(t *testing.T) {
			inNation(t, 3, code, func(w *world) {
				w.phone(2, "offhook wait tone:dial dial 101")
				w.phone(1, "wait callerid -timeout 15s wait ringing offhook pause 2s")
				w.phone(3, "offhook wait tone:dial dial 101 wait tone:ringback")
				w.phone(1, "wait callerid -timeout 5s")
				shown(t, w, 1, sim.CallerID{Form: "data", Number: "103"})
				if keys := w.board.Phones[1].State().Keys; keys != "" {
					t.Errorf("the far end hears keys %q", keys)
				}
				if s := w.agent.Status().Lines[0].State; s != "talking" {
					t.Errorf("state = %s, want talking", s)
				}
				w.phone(3, "onhook")
				w.phone(2, "onhook")
				w.phone(1, "pause 2s onhook")
				w.idle()
			})
		})
	}
}

// TestAnsweredWhileTold lifts the handset before the first ring and in the
// middle of the data: that answers the call, and the data end.
func TestAnsweredWhileTold(t *testing.T) {
	for code, when := range map[string]string{
		"US": "wait ringing pause 2700ms", "IN": "pause 700ms",
	} {
		t.Run(code, func(t *testing.T) {
			inNation(t, 2, code, func(w *world) {
				w.phone(1, "offhook wait tone:dial dial 102")
				w.eventually(15*time.Second, "the call comes in", func() bool { return w.agent.Status().Lines[1].State == "ringing" })
				w.phone(2, when+" offhook pause 700ms")
				if s := w.board.Phones[1].State(); s.Level > -60 || s.CallerID != nil {
					t.Errorf("%v, want silence and no caller ID", s)
				}
				if s := w.agent.Status().Lines[1].State; s != "talking" {
					t.Errorf("state = %s, want talking", s)
				}
				w.phone(2, "onhook")
				w.phone(1, "pause 2s onhook")
				w.idle()
			})
		})
	}
}

// TestKnockWithoutDisplay asks a telephone that does not answer the alert tone:
// it hears the tone of call waiting as ever.
func TestKnockWithoutDisplay(t *testing.T) {
	onWires(t, 3, nil, func(w *world) {
		w.phone(1, "set display=off offhook wait tone:dial dial 102")
		w.phone(2, "wait ringing offhook")
		w.phone(3, "offhook wait tone:dial dial 101 wait tone:ringback")
		w.phone(1, "wait tone:callwaiting flash 300")
		w.eventually(3*time.Second, "telephone 3 is talked to", func() bool { return w.agent.Status().Lines[2].State == "talking" })
		w.phone(3, "onhook")
		w.phone(1, "pause 1s onhook")
		w.phone(2, "onhook")
		w.idle()
	})
}

// TestMessageLamp lets the mailbox light the lamp, and put it out.
func TestMessageLamp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, document(1, nil))
		defer w.stop()
		for _, say := range []struct {
			body string
			lit  bool
		}{{"Messages-Waiting: yes\r\n", true}, {"Messages-Waiting: no\r\n", false}} {
			if err := w.registrar.Notify("101", "message-summary", "application/simple-message-summary", []byte(say.body)); err != nil {
				t.Fatal(err)
			}
			w.eventually(5*time.Second, "the lamp follows", func() bool { return w.board.Phones[0].State().Lamp == say.lit })
		}
		w.idle()
	})
}
