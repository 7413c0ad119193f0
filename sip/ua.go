package sip

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	sipmsg "github.com/emiago/sipgo/sip"

	"github.com/ata-agent/ata-agent/sip/digest"
	"github.com/ata-agent/ata-agent/sip/locate"
)

// UA is the user agent of one line. Its methods may be called from any
// goroutine and never block; what they ask for happens on the UA's own
// goroutine, inside Run, and its outcome arrives as an Event.
type UA struct {
	acc   Account
	voice Voice
	opts  Opts
	log   *slog.Logger

	box    *mailbox
	count  counters
	lastID atomic.Uint32
	status atomic.Pointer[Status]
	wg     sync.WaitGroup // transactions and lookups

	// all below belongs to the goroutine of Run
	ctx     context.Context
	stack   *stack
	guard   *guard
	user    string // of our Contact
	branch  string // what our branches start with
	clients map[string]*clientTx
	servers map[string]*serverTx
	parked  map[string]*serverTx // CANCELs whose INVITE has not come
	calls   map[CallID]*call
	current *call // whom the work in hand is about
	auth    *digest.Client

	challenger *digest.Challenger // of servers that ask for a restart, nil until one does
	locator    *locate.Locator
	facing     func(netip.AddrPort) (netip.Addr, error)
	dialTCP    func(ctx context.Context, network, addr string) (net.Conn, error)
	server     target           // where we are registered, or spoke to last
	silent     netip.AddrPort   // server that did not answer our last call
	trusted    []netip.AddrPort // servers of the account
	bind       bind
	reg        Registration
	ending     bool

	complaint string // logged last
}

// New checks the settings and makes a UA. Run starts it.
func New(acc Account, voice Voice, opts Opts) (*UA, error) {
	if acc.User == "" || acc.Domain == "" {
		return nil, errors.New("sip: account needs user and domain")
	}
	if acc.Transport == "" {
		acc.Transport = UDP
	}
	if acc.Transport != UDP && acc.Transport != TCP && acc.Transport != TLS {
		return nil, fmt.Errorf("sip: unknown transport %q", acc.Transport)
	}
	for _, c := range voice.Codecs {
		if _, ok := payloadType[strings.ToUpper(c)]; !ok {
			return nil, fmt.Errorf("sip: unknown codec %q", c)
		}
	}
	u := &UA{
		acc: acc, voice: voice, opts: opts.withDefaults(), box: newMailbox(),
		clients: map[string]*clientTx{}, servers: map[string]*serverTx{},
		parked: map[string]*serverTx{}, calls: map[CallID]*call{},
	}
	u.log = u.opts.Logger
	u.branch = branchCookie + token(4)
	u.user = u.contactUser()
	u.guard = newGuard(u.opts.Limits, u.branch, &u.count)
	for _, p := range u.opts.Peers {
		u.guard.trust(p)
	}
	u.auth = u.newDigest()
	u.bind = u.newBind()
	u.locator = locate.New(locate.Opts{Asked: u.opts.Asked})
	u.facing = facing
	u.dialTCP = u.opts.dialer().DialContext
	u.publish()
	return u, nil
}

func (u *UA) contactUser() string {
	switch {
	case u.opts.ContactUser != "":
		return escapeUser(u.opts.ContactUser)
	case u.acc.Register:
		return token(8)
	}
	return escapeUser(u.acc.User)
}

// Run opens the transport, registers, and works until ctx ends; then it hangs
// up, takes the registration back, which takes two seconds at most, and
// returns when everything it started has ended. Without network it waits for
// one. The error is nil. A UA runs once.
func (u *UA) Run(ctx context.Context) error {
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	u.ctx = work
	u.stack = u.newStack(work)
	u.guarded(u.start)
	u.publish()
	u.loop(ctx.Done())
	u.shutdown()
	u.box.close()
	cancel()
	u.abandon()
	u.stack.close()
	u.wg.Wait()
	return nil
}

func (u *UA) newStack(ctx context.Context) *stack {
	parser := sipmsg.NewParser()
	parser.MaxMessageLength = u.opts.Limits.largest()
	return &stack{
		opts: &u.opts, kind: u.acc.Transport, guard: u.guard, count: &u.count, log: u.log, parser: parser,
		dialTCP: u.dialTCP, received: u.enqueue, closed: func(f *flow, why error) { u.post(func() { f.ended = why; u.flowClosed(f) }) }, post: u.post,
		ctx: ctx, conns: map[netip.AddrPort]*flow{}, dialing: map[netip.AddrPort][]func(*flow, error){},
	}
}

// loop works until stop is closed.
func (u *UA) loop(stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		case <-u.box.ready:
			u.work()
		}
	}
}

// work does all that waits.
func (u *UA) work() {
	for _, f := range u.box.take() {
		u.guarded(f)
	}
	u.publish()
}

// post queues work for the UA's goroutine.
func (u *UA) post(f func()) { u.box.post(f) }

// timer is a timer of the UA: it fires on the UA's goroutine, and never after
// stop.
type timer struct {
	t    *time.Timer
	dead bool
}

func (u *UA) after(d time.Duration, f func()) *timer {
	tm := &timer{}
	tm.t = time.AfterFunc(d, func() {
		u.post(func() {
			if !tm.dead {
				tm.dead = true
				f()
			}
		})
	})
	return tm
}

func (t *timer) stop() {
	if t != nil {
		t.dead = true
		t.t.Stop()
	}
}

// shutdownTime bounds how long the end of a UA takes.
const shutdownTime = 2 * time.Second

// shutdown hangs up and unregisters, and waits until that is done or time is
// up.
func (u *UA) shutdown() {
	u.ending = true
	for _, c := range u.calls {
		u.guarded(func() { c.hangup() })
	}
	u.guarded(u.unregister)
	deadline := time.NewTimer(shutdownTime)
	defer deadline.Stop()
	for !u.idle() {
		select {
		case <-deadline.C:
			return
		case <-u.box.ready:
			u.work()
		}
	}
	u.publish()
}

// idle reports whether every request of ours has its final response.
func (u *UA) idle() bool {
	for _, t := range u.clients {
		if t.final == 0 {
			return false
		}
	}
	return len(u.calls) == 0 && u.bind.machine.state == regIdle
}

// abandon ends all transactions.
func (u *UA) abandon() {
	for _, t := range u.clients {
		t.fsm.Terminate()
	}
	for _, t := range u.servers {
		t.finish()
	}
	for _, c := range u.calls {
		c.stopTimers()
	}
}

// flowClosed tells everyone who waited for something over a connection that
// is gone.
func (u *UA) flowClosed(f *flow) {
	if u.stack.conns[f.remote] == f {
		delete(u.stack.conns, f.remote)
	}
	for _, t := range u.clients {
		if t.flow == f && t.final == 0 {
			t.fsm.Terminate() // its owner is told by watch
		}
	}
	u.flowLost(f)
	for _, c := range u.calls {
		if c.home == f.remote {
			c.relocated()
		}
	}
}

// Status is a picture of the UA. It may be called from any goroutine.
func (u *UA) Status() Status {
	s := *u.status.Load()
	s.Counters = u.count.snapshot()
	return s
}

// LocalAddr is the address of our end, zero while there is none.
func (u *UA) LocalAddr() netip.AddrPort { return u.status.Load().Local }

func (u *UA) publish() {
	s := &Status{Registration: u.reg, Register: u.bind.times}
	if u.stack != nil {
		s.Local = u.stack.local
		s.Contact = "sip:" + u.user + "@" + s.Local.String()
	}
	for _, c := range u.calls {
		if !c.over {
			s.Calls = append(s.Calls, c.status())
		}
	}
	u.status.Store(s)
}

func (u *UA) notify(e Event) { u.opts.Notify(e) }

// outgoing finds the call of a 2xx whose transaction is gone.
func (u *UA) outgoing(callID, tag string) *call {
	for _, c := range u.calls {
		if c.outgoing && c.sipID == callID && c.localTag == tag {
			return c
		}
	}
	return nil
}

// callOf finds the call whose dialog a request names (RFC 3261 §12.2.2).
func (u *UA) callOf(req *sipmsg.Request) *call {
	local, _ := req.To().Params.Get("tag")
	remote, _ := req.From().Params.Get("tag")
	id := req.CallID().Value()
	for _, c := range u.calls {
		if c.sipID == id && c.localTag == local && c.hasRemote(remote) {
			u.current = c
			return c
		}
	}
	return nil
}
