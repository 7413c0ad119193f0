package sip

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"
)

var (
	regEpoch  = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	regLocal  = netip.MustParseAddrPort("192.168.1.2:5060")
	regPublic = netip.MustParseAddrPort("203.0.113.7:40000")
	primary   = target{addr: netip.MustParseAddrPort("198.51.100.1:5060"), transport: UDP}
	secondary = target{addr: netip.MustParseAddrPort("198.51.100.2:5060"), transport: UDP}
)

// regBench drives a registration and keeps its time.
type regBench struct {
	t   *testing.T
	r   *registration
	now time.Time
}

func newRegBench(t *testing.T, cfg regConfig) *regBench {
	return &regBench{t: t, r: newRegistration(cfg, rand.New(rand.NewPCG(1, 2))), now: regEpoch}
}

// expect feeds an event and compares the actions asked for.
func (b *regBench) expect(e regEvent, want ...regAction) {
	b.t.Helper()
	if got := b.r.next(b.now, e); (len(got) > 0 || len(want) > 0) && !reflect.DeepEqual(got, want) {
		b.t.Fatalf("%T gave\n  %+v\nwant\n  %+v", e, got, want)
	}
}

// registering brings it to the point where the first REGISTER is out.
func (b *regBench) registering(targets ...target) {
	b.t.Helper()
	b.r.next(b.now, regStart{})
	b.now = b.r.deadline()
	b.expect(regWake{}, regLocate{})
	b.expect(regLocated{Targets: targets}, regSend{To: targets[0], Expires: b.r.asked})
}

func ok200(granted time.Duration) regAnswered {
	return regAnswered{regAnswer{Code: 200, Reason: "OK", Granted: granted, Contact: regLocal, Public: regLocal}}
}

func refusal(code int) regAnswered { return regAnswered{regAnswer{Code: code, Reason: "No"}} }

func registeredAt(at target, until time.Time) regReport {
	return regReport{Registration{State: Registered, Server: at.addr, Until: until, Code: 200, Reason: "OK"}}
}

func TestRegistrationLife(t *testing.T) {
	b := newRegBench(t, regConfig{Expires: 10 * time.Minute})
	b.expect(regWake{})
	b.expect(regStart{}, regReport{Registration{State: Registering, Until: b.now}})
	b.expect(regStart{})
	b.expect(regWake{}, regLocate{})
	b.expect(regLocated{Targets: []target{primary}}, regSend{To: primary, Expires: 10 * time.Minute})
	b.expect(ok200(10*time.Minute), regPraise{primary}, registeredAt(primary, b.now.Add(10*time.Minute)))
	for range 5 {
		b.expect(regWake{}) // too early
		b.now = b.r.deadline()
		b.expect(regWake{}, regLocate{})
		b.expect(regLocated{Targets: []target{primary}}, regSend{To: primary, Expires: 10 * time.Minute})
		b.now = b.now.Add(time.Second)
		b.expect(ok200(10*time.Minute), regPraise{primary}, registeredAt(primary, b.now.Add(10*time.Minute)))
	}
	b.expect(regStop{}, regSend{To: primary})
	b.expect(refusal(481), regReport{Registration{State: Unregistered}})
	if !b.r.deadline().IsZero() || b.r.state != regIdle {
		t.Errorf("%v, deadline %v after the end", b.r.state, b.r.deadline())
	}
}

func TestRegistrationStartJitter(t *testing.T) {
	var sum time.Duration
	const n, jitter = 2000, 10 * time.Second
	for seed := range uint64(n) {
		r := newRegistration(regConfig{Jitter: jitter}, rand.New(rand.NewPCG(seed, 7)))
		r.next(regEpoch, regStart{})
		d := r.deadline().Sub(regEpoch)
		if d < 0 || d > jitter {
			t.Fatalf("start after %v", d)
		}
		sum += d
	}
	if mean := sum / n; mean < 4700*time.Millisecond || mean > 5300*time.Millisecond {
		t.Errorf("mean %v, want 5s", mean)
	}
}

func TestRegistrationRefresh(t *testing.T) {
	for _, tt := range []struct{ granted, from, to time.Duration }{
		{time.Hour, 27 * time.Minute, 30 * time.Minute},
		{10 * time.Minute, 270 * time.Second, 300 * time.Second},
		{50 * time.Second, 27 * time.Second, 30 * time.Second},
		{30 * time.Second, 21600 * time.Millisecond, 24 * time.Second},
		{5 * time.Second, 3600 * time.Millisecond, 4 * time.Second},
	} {
		lowest, highest := time.Hour, time.Duration(0)
		for seed := range uint64(500) {
			r := newRegistration(regConfig{}, rand.New(rand.NewPCG(seed, 7)))
			d := r.refreshAfter(tt.granted)
			lowest, highest = min(lowest, d), max(highest, d)
		}
		if lowest < tt.from || highest > tt.to || highest-lowest < (tt.to-tt.from)*9/10 {
			t.Errorf("granted %v: refreshed after %v to %v, want %v to %v", tt.granted, lowest, highest, tt.from, tt.to)
		}
	}
}

// TestRegistrationIntervalTooBrief: RFC 3261 §10.3 step 7 and §21.4.17.
func TestRegistrationIntervalTooBrief(t *testing.T) {
	brief := func(d time.Duration) regAnswered { return regAnswered{regAnswer{Code: 423, MinExpires: d}} }
	b := newRegBench(t, regConfig{Expires: time.Minute})
	b.registering(primary)
	b.expect(brief(2*time.Minute), regSend{To: primary, Expires: 2 * time.Minute})
	b.expect(ok200(2*time.Minute), regPraise{primary}, registeredAt(primary, b.now.Add(2*time.Minute)))
	b.now = b.r.deadline()
	b.expect(regWake{}, regLocate{})
	b.expect(regLocated{Targets: []target{primary}}, regSend{To: primary, Expires: 2 * time.Minute}) // remembered
	for i := range time.Duration(3) {
		b.expect(brief((3+i)*time.Minute), regSend{To: primary, Expires: (3 + i) * time.Minute})
	}
	if b.r.next(b.now, brief(time.Hour)); b.r.state != regWaiting {
		t.Error("follows a server that raises its interval for ever")
	}
	for _, bad := range []time.Duration{0, time.Minute, 2 * time.Minute, 25 * time.Hour} {
		b := newRegBench(t, regConfig{Expires: 2 * time.Minute})
		b.registering(primary)
		b.r.next(b.now, brief(bad))
		if b.r.state != regWaiting {
			t.Errorf("Min-Expires %v: %v, want to wait", bad, b.r.state)
		}
	}
}

func TestRegistrationRefused(t *testing.T) {
	for _, code := range []int{301, 401, 403, 404, 407, 410, 420, 600, 603} {
		b := newRegBench(t, regConfig{})
		b.registering(primary, secondary)
		until := b.now.Add(20 * time.Minute)
		b.expect(refusal(code), regReport{Registration{State: Refused, Until: until, Code: code, Reason: "No"}})
		if !b.r.deadline().Equal(until) {
			t.Errorf("%d: next try at %v", code, b.r.deadline())
		}
		b.now = until
		b.expect(regWake{}, regLocate{})
	}
}

func TestRegistrationFailover(t *testing.T) {
	b := newRegBench(t, regConfig{})
	b.registering(primary, secondary)
	b.expect(regFailed{}, regBlame{Target: primary}, regSend{To: secondary, Expires: time.Hour})
	b.expect(ok200(time.Hour), regPraise{secondary}, registeredAt(secondary, b.now.Add(time.Hour)))

	// While a call is up, it stays; then it goes where the locator says.
	b.now = b.r.deadline()
	b.expect(regWake{}, regLocate{})
	b.expect(regLocated{Targets: []target{primary, secondary}, Busy: true}, regSend{To: secondary, Expires: time.Hour})
	b.expect(ok200(time.Hour), regPraise{secondary}, registeredAt(secondary, b.now.Add(time.Hour)))
	b.now = b.r.deadline()
	b.expect(regWake{}, regLocate{})
	b.expect(regLocated{Targets: []target{primary, secondary}}, regSend{To: primary, Expires: time.Hour})
	b.expect(ok200(time.Hour), regPraise{primary}, registeredAt(primary, b.now.Add(time.Hour)))
}

func TestRegistrationRetryAfter(t *testing.T) {
	down := func(after time.Duration) regAnswered { return regAnswered{regAnswer{Code: 503, RetryAfter: after}} }
	b := newRegBench(t, regConfig{})
	b.registering(primary, secondary)
	b.expect(down(20*time.Minute), regBlame{primary, 20 * time.Minute}, regSend{To: secondary, Expires: time.Hour})
	b.r.next(b.now, down(10*time.Minute))
	if got := b.r.deadline().Sub(b.now); got != 10*time.Minute {
		t.Errorf("waits %v, want the shorter of the servers' wishes, 10m", got)
	}
	b = newRegBench(t, regConfig{})
	b.registering(primary)
	b.r.next(b.now, down(48*time.Hour))
	if got := b.r.deadline().Sub(b.now); got != 30*time.Minute {
		t.Errorf("waits %v, want 30m at most", got)
	}
}

// TestRegistrationBackOff: RFC 5626 §4.5.
func TestRegistrationBackOff(t *testing.T) {
	bounds := []time.Duration{60, 120, 240, 480, 960, 1800, 1800, 1800}
	for seed := range uint64(300) {
		b := newRegBench(t, regConfig{})
		b.r.random = rand.New(rand.NewPCG(seed, 3))
		b.registering(primary)
		for n, upper := range bounds {
			upper *= time.Second
			b.r.next(b.now, refusal(500+n%5))
			if d := b.r.deadline().Sub(b.now); d < upper/2 || d > upper {
				t.Fatalf("failure %d: waits %v, want %v to %v", n+1, d, upper/2, upper)
			}
			b.now = b.r.deadline()
			b.expect(regWake{}, regLocate{})
			b.expect(regLocated{Targets: []target{primary}}, regSend{To: primary, Expires: time.Hour})
		}
	}
}

func TestRegistrationFailuresAreForgotten(t *testing.T) {
	for up, want := range map[time.Duration]time.Duration{119 * time.Second: 240 * time.Second, 120 * time.Second: 60 * time.Second} {
		b := newRegBench(t, regConfig{})
		b.registering(primary)
		for range 2 {
			b.r.next(b.now, regFailed{})
			b.now = b.r.deadline()
			b.expect(regWake{}, regLocate{})
			b.expect(regLocated{Targets: []target{primary}}, regSend{To: primary, Expires: time.Hour})
		}
		b.r.next(b.now, ok200(time.Hour))
		b.now = b.now.Add(up)
		b.r.next(b.now, regMoved{})
		b.r.next(b.now, regFailed{})
		if d := b.r.deadline().Sub(b.now); d < want/2 || d > want {
			t.Errorf("after %v up: waits %v, want %v to %v", up, d, want/2, want)
		}
	}
}

func TestRegistrationNoServer(t *testing.T) {
	b := newRegBench(t, regConfig{})
	b.r.next(b.now, regStart{})
	b.expect(regWake{}, regLocate{})
	got := b.r.next(b.now, regLocated{})
	if len(got) != 1 || got[0].(regReport).State != Registering || b.r.deadline().Sub(b.now) < 30*time.Second {
		t.Errorf("got %+v, next try at %v", got, b.r.deadline())
	}
}

func TestRegistrationBindingMissing(t *testing.T) {
	b := newRegBench(t, regConfig{})
	b.registering(primary)
	got := b.r.next(b.now, ok200(0))
	if len(got) != 2 || got[0] != (regBlame{Target: primary}) || got[1].(regReport).State != Registering {
		t.Errorf("got %+v", got)
	}
}

func TestRegistrationRewritesContact(t *testing.T) {
	seen := func(contact, public netip.AddrPort) regAnswered {
		return regAnswered{regAnswer{Code: 200, Reason: "OK", Granted: time.Hour, Contact: contact, Public: public}}
	}
	b := newRegBench(t, regConfig{Rewrite: true})
	b.registering(primary)
	b.expect(seen(regLocal, regPublic), regPraise{primary}, regSend{To: primary, Expires: time.Hour, Public: regPublic, Remove: regLocal})
	b.expect(seen(regPublic, regPublic), regPraise{primary}, registeredAt(primary, b.now.Add(time.Hour)))

	// A NAT with another port for every packet must not keep us busy.
	other := netip.AddrPortFrom(regPublic.Addr(), 40001)
	b.now = b.r.deadline()
	b.expect(regWake{}, regLocate{})
	b.expect(regLocated{Targets: []target{primary}}, regSend{To: primary, Expires: time.Hour, Public: regPublic})
	b.expect(seen(regPublic, other), regPraise{primary}, regSend{To: primary, Expires: time.Hour, Public: other, Remove: regPublic})
	b.expect(seen(other, regPublic), regPraise{primary}, registeredAt(primary, b.now.Add(time.Hour)))
	b.expect(regStop{}, regSend{To: primary, Public: other})

	b = newRegBench(t, regConfig{}) // switched off
	b.registering(primary)
	b.expect(seen(regLocal, regPublic), regPraise{primary}, registeredAt(primary, b.now.Add(time.Hour)))
}

func TestRegistrationMoves(t *testing.T) {
	b := newRegBench(t, regConfig{})
	b.registering(primary)
	b.expect(regMoved{}) // not while one is pending
	b.expect(ok200(time.Hour), regPraise{primary}, regSend{To: primary, Expires: time.Hour, Remove: regLocal})
	b.expect(ok200(time.Hour), regPraise{primary}, registeredAt(primary, b.now.Add(time.Hour)))
	b.expect(regMoved{}, regSend{To: primary, Expires: time.Hour, Remove: regLocal})
	b.expect(regMoved{})
}

func TestRegistrationFlowLost(t *testing.T) {
	b := newRegBench(t, regConfig{})
	b.registering(primary)
	b.r.next(b.now, ok200(time.Hour))
	b.now = b.now.Add(time.Minute)
	b.r.next(b.now, regFlowLost{})
	if b.r.state != regWaiting || b.r.deadline().Sub(b.now) < 30*time.Second {
		t.Errorf("early loss: %v until %v", b.r.state, b.r.deadline())
	}
	b.now = b.r.deadline()
	b.expect(regWake{}, regLocate{})
	b.expect(regLocated{Targets: []target{primary}}, regSend{To: primary, Expires: time.Hour})
	b.r.next(b.now, ok200(time.Hour))
	b.now = b.now.Add(2 * time.Minute)
	b.expect(regFlowLost{}, regReport{Registration{State: Registering, Until: b.now, Reason: "connection lost"}}, regLocate{})
}

func TestRegistrationStops(t *testing.T) {
	gone := regReport{Registration{State: Unregistered}}
	t.Run("idle", func(t *testing.T) { newRegBench(t, regConfig{}).expect(regStop{}) })
	t.Run("while the first is out", func(t *testing.T) {
		b := newRegBench(t, regConfig{})
		b.registering(primary, secondary)
		b.expect(regStop{})
		b.expect(ok200(time.Hour), regPraise{primary}, regSend{To: primary})
		b.expect(ok200(0), gone)
	})
	t.Run("while the first is out and fails", func(t *testing.T) {
		b := newRegBench(t, regConfig{})
		b.registering(primary, secondary)
		b.expect(regStop{})
		b.expect(regFailed{}, regBlame{Target: primary}, gone)
	})
	t.Run("while a refresh fails over", func(t *testing.T) {
		b := newRegBench(t, regConfig{})
		b.registering(primary)
		b.r.next(b.now, ok200(time.Hour))
		b.now = b.r.deadline()
		b.r.next(b.now, regWake{})
		b.r.next(b.now, regLocated{Targets: []target{secondary, primary}})
		b.expect(regStop{})
		b.expect(regFailed{}, regBlame{Target: secondary}, regSend{To: primary})
		b.expect(regStop{})
		b.expect(regFailed{}, gone)
	})
	t.Run("waiting with a binding left", func(t *testing.T) {
		b := newRegBench(t, regConfig{})
		b.registering(primary)
		b.r.next(b.now, ok200(time.Hour))
		b.now = b.r.deadline()
		b.r.next(b.now, regWake{})
		b.r.next(b.now, regLocated{})
		b.expect(regStop{}, regSend{To: primary})
	})
	t.Run("waiting with none", func(t *testing.T) {
		b := newRegBench(t, regConfig{})
		b.registering(primary)
		b.r.next(b.now, refusal(403))
		b.expect(regStop{}, gone)
	})
}

// FuzzRegistration checks, for any order of events, that there is never more
// than one request under way, that it always waits for something, and that it
// can be stopped.
func FuzzRegistration(f *testing.F) {
	f.Add([]byte("abcdefghijklmnop"), uint64(1))
	f.Add([]byte("\x00\x01\x02\x03\x01\x02\x04\x09\x01\x02\x0a\x0b"), uint64(2))
	f.Fuzz(func(t *testing.T, script []byte, seed uint64) {
		b := newRegBench(t, regConfig{Rewrite: seed%2 == 0, Jitter: time.Duration(seed % 1e9)})
		b.r.random = rand.New(rand.NewPCG(seed, seed))
		requests, lookups := 0, 0
		feed := func(e regEvent) {
			switch e.(type) {
			case regLocated:
				if lookups == 0 {
					return
				}
				lookups--
			case regAnswered, regFailed:
				if requests == 0 {
					return
				}
				requests--
			}
			for _, a := range b.r.next(b.now, e) {
				switch a := a.(type) {
				case regLocate:
					lookups++
				case regSend:
					requests++
					if !a.To.addr.IsValid() {
						t.Fatalf("REGISTER to nowhere after %T", e)
					}
				}
			}
			busy := requests > 0 || b.r.state == regLocating && lookups > 0
			waits := !b.r.deadline().IsZero()
			if requests > 1 || busy && waits || !busy && !waits && b.r.state != regIdle {
				t.Fatalf("%v after %T: %d requests, deadline %v", b.r.state, e, requests, b.r.deadline())
			}
		}
		for _, c := range script {
			b.now = b.now.Add(time.Duration(c) * time.Second)
			feed(regScript(c, b))
		}
		feed(regStop{})
		feed(refusal(403))
		feed(refusal(403))
		if b.r.state != regIdle {
			t.Fatalf("%v after stop", b.r.state)
		}
	})
}

func regScript(c byte, b *regBench) regEvent {
	switch c % 13 {
	case 0:
		return regStart{}
	case 1, 2:
		b.now = b.now.Add(max(0, b.r.deadline().Sub(b.now)))
		return regWake{}
	case 3, 4:
		return regLocated{Targets: []target{primary, secondary}[:c/13%3%2+1], Busy: c > 128}
	case 5, 6:
		return regAnswered{regAnswer{Code: 200, Granted: time.Duration(c) * time.Minute, Contact: regLocal, Public: regPublic}}
	case 7:
		return refusal(400 + int(c))
	case 8:
		return regAnswered{regAnswer{Code: 423, MinExpires: time.Duration(c) * time.Hour}}
	case 9:
		return regFailed{}
	case 10:
		return regFlowLost{}
	case 11:
		return regMoved{}
	}
	return regStop{}
}

func TestRegStateNames(t *testing.T) {
	for s := regIdle; s <= regRemoving; s++ {
		if name := fmt.Sprint(s); name == "" || strings.Contains(name, "%") {
			t.Errorf("state %d is %q", s, name)
		}
	}
}
