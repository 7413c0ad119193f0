package sip

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"
)

// registration keeps one binding alive. It is pure: the UA feeds it events and
// the time, does the actions it asks for in their order, and wakes it at its
// deadline. It never has two requests pending (RFC 3261 §10.2).
//
//	               start
//	idle ------------------------> waiting <--- back-off, long retry ---+
//	 ^                             |wake  ^                             |
//	 |                             v      |flow lost early              |
//	 |                           locating--------- no server ---------->+
//	 |                             |found ^                             |
//	 |                             v      |wake, flow lost, moved       |
//	 |stop                      trying    +------------- up             |
//	 |                          | | |                    ^              |
//	 |                          | | +--- 200 -----------+|              |
//	 |                          | +----- last server failed, refused -->+
//	 +---- removing <-- stop ---+
type registration struct {
	cfg    regConfig
	random *rand.Rand
	state  regState
	at     time.Time // when wake is due, zero = never

	asked      time.Duration  // what the next REGISTER asks for
	targets    []target       // not yet tried in this round
	current    target         // asked now
	home       target         // where the binding is
	bound      netip.AddrPort // its Contact
	until      time.Time      // its end
	upSince    time.Time
	failures   int           // rounds in a row that failed
	retryAfter time.Duration // shortest wish of a server in this round
	wished     bool          // retryAfter is set
	public     netip.AddrPort
	rewritten  bool // public was learned in this round
	raised     int  // how often Min-Expires was followed in this round
	moved      bool // register once more as soon as the answer is there
	stopping   bool
	last       Registration // as reported
}

// regConfig are the settings of a registration.
type regConfig struct {
	Expires   time.Duration // asked for [1 h]
	LongRetry time.Duration // after a refusal [20 min]
	Jitter    time.Duration // the start is delayed by up to this, so that a town does not register at once after a power cut [0]
	Rewrite   bool          // put the address the server sees into Contact
}

const (
	defaultRegExpires = time.Hour
	defaultLongRetry  = 20 * time.Minute
	maxRegExpires     = 24 * time.Hour   // of Min-Expires
	backOffBase       = 30 * time.Second // RFC 5626 §4.5, when no flow is up
	backOffMax        = 30 * time.Minute
	upLongEnough      = 2 * time.Minute // RFC 5626 §4.5: clears the failures
	refreshAtLeast    = 30 * time.Second
)

// regState is a state of the diagram above.
type regState uint8

const (
	regIdle regState = iota
	regWaiting
	regLocating
	regTrying
	regUp
	regRemoving
)

var regStateNames = [...]string{"idle", "waiting", "locating", "trying", "up", "removing"}

func (s regState) String() string { return regStateNames[s] }

// regEvent is what happens to a registration, one of the types below.
type regEvent interface{ isRegEvent() }

type (
	regStart   struct{} // begin
	regWake    struct{} // the deadline has come
	regLocated struct { // outcome of regLocate
		Targets []target // in the order to try them; none: no server known
		Busy    bool     // a call is up: stay with the server it came from
	}
	regAnswered struct{ regAnswer } // final response; challenges are out of the way
	regFailed   struct {            // no response: time-out or transport error
		Trouble Trouble // with TLS ...
		Reason  string  // ... in words
	}
	regFlowLost struct{} // the connection to the server is gone
	regMoved    struct{} // our own address changed
	regStop     struct{} // take the binding back
)

func (regStart) isRegEvent()    {}
func (regWake) isRegEvent()     {}
func (regLocated) isRegEvent()  {}
func (regAnswered) isRegEvent() {}
func (regFailed) isRegEvent()   {}
func (regFlowLost) isRegEvent() {}
func (regMoved) isRegEvent()    {}
func (regStop) isRegEvent()     {}

// regAction is what a registration asks for, one of the types below.
type regAction interface{ isRegAction() }

type (
	regLocate struct{} // find the servers, then regLocated
	regSend   struct { // send a REGISTER, then regAnswered or regFailed
		To      target
		Expires time.Duration  // 0 takes our binding back
		Public  netip.AddrPort // Contact in place of the local address, if valid
		Remove  netip.AddrPort // second Contact, to be removed, if valid
	}
	regBlame struct { // the server failed: avoid it, for After if not 0
		Target target
		After  time.Duration
	}
	regPraise struct{ Target target } // the server works
	regReport struct{ Registration }  // tell the line
)

func (regLocate) isRegAction() {}
func (regSend) isRegAction()   {}
func (regBlame) isRegAction()  {}
func (regPraise) isRegAction() {}
func (regReport) isRegAction() {}

// newRegistration makes an idle registration. random is seeded differently on
// every device.
func newRegistration(cfg regConfig, random *rand.Rand) *registration {
	if cfg.Expires <= 0 {
		cfg.Expires = defaultRegExpires
	}
	if cfg.LongRetry <= 0 {
		cfg.LongRetry = defaultLongRetry
	}
	return &registration{cfg: cfg, random: random, asked: cfg.Expires}
}

// deadline is when regWake is due; zero means never.
func (r *registration) deadline() time.Time { return r.at }

// next takes an event and says what to do. Events that mean nothing in a state
// are ignored.
func (r *registration) next(now time.Time, e regEvent) []regAction {
	if _, stop := e.(regStop); stop {
		return r.stop(now)
	}
	switch r.state {
	case regIdle:
		return r.inIdle(now, e)
	case regWaiting:
		return r.inWaiting(now, e)
	case regLocating:
		return r.inLocating(now, e)
	case regTrying:
		return r.inTrying(now, e)
	case regUp:
		return r.inUp(now, e)
	}
	return r.inRemoving(e)
}

func (r *registration) inIdle(now time.Time, e regEvent) []regAction {
	if _, ok := e.(regStart); !ok {
		return nil
	}
	r.wait(now, r.uniform(0, r.cfg.Jitter))
	return r.report(Registration{State: Registering, Until: r.at})
}

func (r *registration) inWaiting(now time.Time, e regEvent) []regAction {
	switch e.(type) {
	case regMoved:
		r.failures = 0 // another network, another chance
	case regWake:
		if now.Before(r.at) {
			return nil
		}
	default:
		return nil
	}
	return r.locate()
}

// locate begins a round: every server is tried once.
func (r *registration) locate() []regAction {
	r.state, r.at = regLocating, time.Time{}
	r.retryAfter, r.wished, r.rewritten, r.raised = 0, false, false, 0
	return []regAction{regLocate{}}
}

func (r *registration) inLocating(now time.Time, e regEvent) []regAction {
	found, ok := e.(regLocated)
	if !ok {
		return nil
	}
	r.targets = slices.Clone(found.Targets)
	if found.Busy && r.isBound(now) {
		r.targets = slices.DeleteFunc(r.targets, func(t target) bool { return t == r.home })
		r.targets = slices.Insert(r.targets, 0, r.home)
	}
	if len(r.targets) == 0 {
		return r.backOff(now, Registration{Reason: "no server found"})
	}
	return r.tryNext()
}

func (r *registration) tryNext() []regAction {
	r.current, r.targets = r.targets[0], r.targets[1:]
	return r.try(netip.AddrPort{})
}

func (r *registration) try(remove netip.AddrPort) []regAction {
	r.state, r.at, r.moved = regTrying, time.Time{}, false
	return []regAction{regSend{To: r.current, Expires: r.asked, Public: r.public, Remove: remove}}
}

func (r *registration) inTrying(now time.Time, e regEvent) []regAction {
	switch e := e.(type) {
	case regMoved:
		r.moved, r.public = true, netip.AddrPort{}
	case regFailed:
		return r.noAnswer(now, e)
	case regAnswered:
		return r.answered(now, e.regAnswer)
	}
	return nil
}

func (r *registration) noAnswer(now time.Time, e regFailed) []regAction {
	if e.Trouble == "" {
		return r.failed(now, Registration{Code: 408, Reason: "no answer"}, 0)
	}
	return r.failed(now, Registration{Reason: e.Reason, Trouble: e.Trouble}, 0)
}

// answered sorts the final responses (RFC 3261 §10.2.7, §10.2.8).
func (r *registration) answered(now time.Time, a regAnswer) []regAction {
	switch {
	case a.Code/100 == 2 && a.Granted > 0:
		return r.granted(now, a)
	case a.Code/100 == 2:
		return r.failed(now, Registration{Code: a.Code, Reason: "binding is missing in the answer"}, 0)
	case a.Code == 423 && r.mayRaise(a.MinExpires):
		r.asked = a.MinExpires
		r.raised++
		return r.try(netip.AddrPort{})
	case a.Code == 408 || a.Code == 423 || a.Code/100 == 5:
		return r.failed(now, Registration{Code: a.Code, Reason: a.Reason}, a.RetryAfter)
	}
	return r.refused(now, a)
}

// mayRaise reports whether a Min-Expires makes sense (RFC 3261 §21.4.17). A
// server that goes on raising it is broken.
func (r *registration) mayRaise(to time.Duration) bool {
	return to > r.asked && to <= maxRegExpires && r.raised < 3 && !r.stopping
}

// failed leaves a server that is in trouble for the next one.
func (r *registration) failed(now time.Time, why Registration, after time.Duration) []regAction {
	after = min(after, backOffMax)
	if !r.wished || after < r.retryAfter {
		r.retryAfter, r.wished = after, true
	}
	actions := []regAction{regBlame{Target: r.current, After: after}}
	switch {
	case r.stopping:
		return append(actions, r.remove(now)...)
	case len(r.targets) > 0:
		return append(actions, r.tryNext()...)
	}
	return append(actions, r.backOff(now, why)...)
}

// backOff ends a round in which every server failed (RFC 5626 §4.5).
func (r *registration) backOff(now time.Time, why Registration) []regAction {
	if !r.upSince.IsZero() && now.Sub(r.upSince) >= upLongEnough {
		r.failures = 0
	}
	r.upSince = time.Time{}
	r.failures++
	upper := backOffMax
	if r.failures < 6 { // 30 s * 2^6 is more than half an hour
		upper = backOffBase << r.failures
	}
	r.wait(now, max(r.uniform(upper/2, upper), r.retryAfter))
	why.State, why.Until = Registering, r.at
	return r.report(why)
}

// refused waits long: to ask again soon would not help, and may lock the
// subscriber out.
func (r *registration) refused(now time.Time, a regAnswer) []regAction {
	r.upSince = time.Time{}
	if r.stopping {
		return r.remove(now)
	}
	r.until = time.Time{}
	r.wait(now, max(r.cfg.LongRetry, min(a.RetryAfter, maxRegExpires)))
	return r.report(Registration{State: Refused, Until: r.at, Code: a.Code, Reason: a.Reason})
}

// granted takes over a binding.
func (r *registration) granted(now time.Time, a regAnswer) []regAction {
	r.home, r.bound, r.until = r.current, a.Contact, now.Add(a.Granted)
	if r.upSince.IsZero() {
		r.upSince = now
	}
	actions := []regAction{regPraise{r.current}}
	switch {
	case r.stopping:
		return append(actions, r.remove(now)...)
	case r.moved:
		return append(actions, r.try(a.Contact)...)
	case r.wrongContact(a):
		r.public, r.rewritten = a.Public, true
		return append(actions, r.try(a.Contact)...)
	}
	r.state, r.at = regUp, now.Add(r.refreshAfter(a.Granted))
	return append(actions, r.report(Registration{
		State: Registered, Server: r.current.addr, Until: r.until, Code: a.Code, Reason: a.Reason,
	})...)
}

// wrongContact reports whether the server sees us at another address than our
// Contact says. It is put right once a round: behind some NATs it never agrees.
func (r *registration) wrongContact(a regAnswer) bool {
	return r.cfg.Rewrite && !r.rewritten && a.Public.IsValid() && a.Contact.IsValid() && a.Public != a.Contact
}

// refreshAfter is when a binding is refreshed: at half its life, but not every
// few seconds, and up to a tenth earlier so that devices drift apart.
func (r *registration) refreshAfter(granted time.Duration) time.Duration {
	after := granted / 2
	if after < refreshAtLeast {
		after = min(refreshAtLeast, granted*4/5)
	}
	return after - r.uniform(0, after/10)
}

func (r *registration) inUp(now time.Time, e regEvent) []regAction {
	switch e.(type) {
	case regWake:
		if now.Before(r.at) {
			return nil
		}
		return r.locate()
	case regMoved:
		r.public, r.rewritten, r.current = netip.AddrPort{}, false, r.home
		return r.try(r.bound)
	case regFlowLost:
		return r.flowLost(now)
	}
	return nil
}

// flowLost registers again, at once if the flow had proved itself.
func (r *registration) flowLost(now time.Time) []regAction {
	if now.Sub(r.upSince) < upLongEnough {
		r.retryAfter = 0
		return r.backOff(now, Registration{Reason: "connection lost"})
	}
	r.upSince = time.Time{}
	return append(r.report(Registration{State: Registering, Until: now, Reason: "connection lost"}), r.locate()...)
}

// stop takes the binding back, after the answer that is still out.
func (r *registration) stop(now time.Time) []regAction {
	r.stopping = true
	switch r.state {
	case regTrying, regRemoving:
		return nil
	}
	return r.remove(now)
}

func (r *registration) remove(now time.Time) []regAction {
	if !r.isBound(now) {
		return r.rest()
	}
	r.state, r.at = regRemoving, time.Time{}
	return []regAction{regSend{To: r.home, Public: r.public}}
}

func (r *registration) isBound(now time.Time) bool { return now.Before(r.until) }

func (r *registration) inRemoving(e regEvent) []regAction {
	switch e.(type) {
	case regAnswered, regFailed:
		return r.rest()
	}
	return nil
}

// rest is idle again: nothing is bound, nothing pending.
func (r *registration) rest() []regAction {
	r.state, r.at, r.until, r.upSince = regIdle, time.Time{}, time.Time{}, time.Time{}
	r.stopping, r.moved, r.failures = false, false, 0
	return r.report(Registration{State: Unregistered})
}

func (r *registration) wait(now time.Time, d time.Duration) {
	r.state, r.at = regWaiting, now.Add(d)
}

func (r *registration) report(reg Registration) []regAction {
	if reg == r.last {
		return nil
	}
	r.last = reg
	return []regAction{regReport{reg}}
}

// uniform is a random duration of [from, to].
func (r *registration) uniform(from, to time.Duration) time.Duration {
	if to <= from {
		return from
	}
	return from + time.Duration(r.random.Int64N(int64(to-from)+1))
}
