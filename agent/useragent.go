package agent

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/netip"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/line"
	"github.com/ata-agent/ata-agent/sip"
	"github.com/ata-agent/ata-agent/tlsfiles"
)

// userAgent is one run of a sip.UA. A reconfigured line gets a new one; events
// of the old carry its address, so they cannot be mistaken.
type userAgent struct {
	*sip.UA
	port      *port      // whose account it is
	fixed     netip.Addr // configured local address, or zero
	registers bool
	end       context.CancelFunc

	mu     sync.Mutex           // held for a few assignments
	guests map[sip.CallID]*port // emergency calls of other lines
	ended  bool
}

// localAddr is where RTP of this account is received: where SIP is.
func (u *userAgent) localAddr() netip.Addr {
	if u.fixed.IsValid() {
		return u.fixed
	}
	return u.LocalAddr().Addr()
}

// listenAddr is where the sockets of a call are opened: at the configured
// address, else at every one, for ours may change while the call lasts.
func (u *userAgent) listenAddr() netip.Addr {
	switch {
	case u.fixed.IsValid():
		return u.fixed
	case u.localAddr().Is6():
		return netip.IPv6Unspecified()
	}
	return netip.IPv4Unspecified()
}

// userAgents starts and ends the user agents of a line.
type userAgents struct {
	port    *port
	started bool       // one has been, since the power-up
	current *userAgent // nil: no account
	running sync.WaitGroup
	served  atomic.Pointer[userAgent] // current, for other goroutines
}

// start runs a user agent for the document's account.
func (a *userAgents) start(cfg *config.Line) {
	p := a.port
	if !cfg.Enabled {
		return
	}
	ua, err := a.build(cfg)
	a.started = true
	if err != nil {
		p.log.Error("account out of service", "err", err)
		return
	}
	ctx, end := context.WithCancel(context.Background())
	ua.end = end
	a.current = ua
	a.served.Store(ua)
	a.running.Go(func() {
		if err := ua.Run(ctx); err != nil && ctx.Err() == nil {
			p.log.Error("user agent ended", "err", err)
		}
	})
	if !cfg.SIP.Register {
		p.registration(ua, sip.Registration{})
	}
}

func (a *userAgents) build(cfg *config.Line) (*userAgent, error) {
	p := a.port
	ua := &userAgent{port: p, registers: cfg.SIP.Register, guests: map[sip.CallID]*port{}}
	opts := sip.Opts{
		Notify:    ua.report,
		Logger:    p.log,
		LocalPort: cfg.SIP.LocalPort,
		DSCP:      cfg.QoS.SIP,
		UserAgent: p.agent.opts.UserAgent,

		InstanceID: instanceOf(p.agent.opts.InstanceID, p.n),
	}
	for _, text := range cfg.SIP.TrustedPeers {
		peer, err := config.ParsePeer(text)
		if err != nil {
			return nil, err
		}
		opts.Peers = append(opts.Peers, peer)
	}
	if cfg.SIP.LocalAddress != "" {
		addr, err := netip.ParseAddr(cfg.SIP.LocalAddress)
		if err != nil {
			return nil, err
		}
		ua.fixed, opts.LocalAddr = addr, addr
	}
	files := cfg.SIP.TLS
	opts.TLS = func() (*tls.Config, error) { return tlsfiles.Client(&files, "") } // read again when they may be new
	if !a.started {                                                               // later nobody else begins at this moment, and somebody may wait
		opts.StartJitter = cfg.SIP.StartSpread.Duration()
	}
	if p.agent.opts.SIP != nil {
		p.agent.opts.SIP(p.n, &opts)
	}
	voice := sip.Voice{
		Codecs: p.nation.codecs(cfg), PTime: cfg.RTP.PTime.Duration(),
		Events: len(cfg.DTMF.Methods) > 0 && cfg.DTMF.Methods[0] == "rfc4733",
		Noise:  cfg.DSP.ComfortNoise, Secrecy: secrecy[cfg.Secrecy()],
	}
	if cfg.Fax.Mode == "always" {
		voice.PTime, voice.Noise = min(voice.PTime, 20*time.Millisecond), false
	}
	var err error
	ua.UA, err = sip.New(Account(&cfg.SIP), voice, opts)
	return ua, err
}

// secrecy by the words of the configuration.
var secrecy = map[string]sip.Secrecy{"off": sip.SecrecyOff, "optional": sip.SecrecyOptional, "required": sip.SecrecyRequired}

// restart ends the current user agent, which takes its registration back while
// the new one already starts.
func (a *userAgents) restart(cfg *config.Line) {
	a.endCurrent()
	a.start(cfg)
	if a.current == nil { // nobody else will say so
		a.port.tell(time.Now(), line.Service{})
	}
}

func (a *userAgents) endCurrent() {
	if a.current == nil {
		return
	}
	a.current.close()
	a.current = nil
	a.served.Store(nil)
	a.port.reg = sip.Registration{}
}

// stop ends every user agent and waits: calls get their BYE, the registration
// is taken back.
func (a *userAgents) stop() {
	a.endCurrent()
	a.running.Wait()
}

// instanceOf is the instance of line n, counted from 0: the device's UUID with
// the number added to its last part. Each line is a user agent of its own
// (RFC 5626 §4.1), also where two serve the same subscriber.
func instanceOf(device string, n int) string {
	const last = 12 // digits
	head := max(len(device)-last, 0)
	node, err := strconv.ParseUint(device[head:], 16, 48)
	if err != nil {
		return device
	}
	return fmt.Sprintf("%s%0*x", device[:head], last, (node+uint64(n))&(1<<48-1))
}
