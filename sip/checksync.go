package sip

import (
	"slices"
	"strings"
	"time"

	sipmsg "github.com/emiago/sipgo/sip"

	"github.com/ata-agent/ata-agent/sip/digest"
)

// CheckSync is a server's wish that the device looks for a new configuration.
// Servers send it unasked, each vendor's in its own words.
type CheckSync struct {
	Restart bool // it wants a restart afterwards
	Report  bool // it wants to hear how the device is, and no look
}

func (CheckSync) isEvent() {}

// SyncAuth says for which wishes a server must prove that it knows the account's
// password.
type SyncAuth string

// The rules. Only the account's servers are listened to in any case.
const (
	SyncNever   SyncAuth = "never"
	SyncRestart SyncAuth = "reboot" // for a restart; the default
	SyncAlways  SyncAuth = "always"
)

// wish is what an Event header asks of the device.
type wish struct {
	CheckSync
	forbidden bool // it would lose the owner's data: not by SIP
}

// wishOf reads an Event header. Tokens and parameters are compared without regard
// to case; FusionPBX sends "reboot=true" as the token itself.
func wishOf(event string) (wish, bool) {
	token, rest, _ := strings.Cut(event, ";")
	switch strings.ToLower(strings.TrimSpace(token)) {
	case "check-sync", "resync":
		return wish{CheckSync: CheckSync{Restart: restarts(rest)}}, true
	case "reboot=true", "reboot", "reboot_now", "restart_now":
		return wish{CheckSync: CheckSync{Restart: true}}, true
	case "report":
		return wish{CheckSync: CheckSync{Report: true}}, true
	case "factory-reset":
		return wish{forbidden: true}, true
	}
	return wish{}, false
}

func restarts(params string) bool {
	for p := range strings.SplitSeq(params, ";") {
		if name, value, _ := strings.Cut(strings.TrimSpace(p), "="); strings.EqualFold(name, "reboot") {
			return strings.EqualFold(value, "true")
		}
	}
	return false
}

// onCheckSync answers a wish: 403 to whom the account has nothing to do with, a
// challenge where the password is to be proved, else 200 and then the event.
func (u *UA) onCheckSync(t *serverTx, w wish) {
	switch {
	case !u.opts.CheckSync:
		u.reject(t, badEvent())
	case w.forbidden || !u.isServer(t.flow):
		u.count.forbidden.Add(1)
		u.reject(t, rejection{code: 403})
	case u.mustProve(w, t.flow) && !u.proves(t):
	default:
		t.answer(200)
		u.notify(w.CheckSync)
	}
}

// isServer reports whether a request came from a server of the account or a peer
// that the configuration names, and not from the far end of some call.
func (u *UA) isServer(f *flow) bool {
	return slices.Contains(u.trusted, f.remote) || u.isNamedPeer(f)
}

func (u *UA) isNamedPeer(f *flow) bool {
	for _, p := range u.opts.Peers {
		if p.Addr() == f.remote.Addr() && (p.Port() == 0 || p.Port() == f.remote.Port()) {
			return true
		}
	}
	return false
}

// mustProve reports whether a wish needs the password. A server that was itself
// authenticated by TLS has proved enough.
func (u *UA) mustProve(w wish, f *flow) bool {
	if f.transport == TLS && slices.Contains(u.trusted, f.remote) {
		return u.opts.SyncAuth == SyncAlways
	}
	switch u.opts.SyncAuth {
	case SyncNever:
		return false
	case SyncAlways:
		return true
	}
	return w.Restart || w.Report
}

// proves checks credentials, or asks for them: RFC 3261 §22.2 with the account's
// own name and password, which both sides know. The URI that they name is the one
// the server's proxy had before it put our contact in its place (§22.4).
func (u *UA) proves(t *serverTx) bool {
	if u.challenger == nil {
		u.challenger = digest.NewChallenger(digest.ChallengerOpts{
			Realm: u.acc.Domain, Algorithms: []string{digest.SHA256, digest.MD5},
		})
	}
	now := time.Now()
	_, verdict := u.challenger.Verify(now, digest.Request{
		Method: string(t.req.Method), Body: t.req.Body(), Values: headerValues(t.req, "Authorization"),
	}, u.passwordOf)
	if verdict == digest.Accepted {
		return true
	}
	var headers []sipmsg.Header
	for _, c := range u.challenger.Challenge(now, verdict == digest.Stale) {
		headers = append(headers, sipmsg.NewHeader("WWW-Authenticate", c))
	}
	u.reject(t, rejection{code: 401, headers: headers})
	return false
}

func (u *UA) passwordOf(user string) (string, bool) {
	own := u.acc.AuthUser
	if own == "" {
		own = u.acc.User
	}
	return u.acc.Password, u.acc.Password != "" && (user == own || user == u.acc.User)
}
