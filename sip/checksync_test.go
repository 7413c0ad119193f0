package sip

import (
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"

	sipmsg "github.com/emiago/sipgo/sip"

	"github.com/ata-agent/ata-agent/sip/digest"
)

func syncing(auth SyncAuth) func(*Account, *Voice, *Opts) {
	return func(_ *Account, _ *Voice, o *Opts) { o.CheckSync, o.SyncAuth = true, auth }
}

// What PBXs send to have a device read its configuration or start anew: Asterisk,
// FusionPBX, Wazo, Kazoo, Gigaset and the vendors' manuals.
var wishes = []struct {
	event string
	want  CheckSync
	prove bool // under the usual rule
	code  int  // in the end
}{
	{"check-sync", CheckSync{}, false, 200},
	{"Check-Sync;reboot=false", CheckSync{}, false, 200},
	{"check-sync;reboot=true", CheckSync{Restart: true}, true, 200},
	{"check-sync; Reboot=TRUE", CheckSync{Restart: true}, true, 200},
	{"resync", CheckSync{}, false, 200},
	{"reboot=true", CheckSync{Restart: true}, true, 200},
	{"reboot", CheckSync{Restart: true}, true, 200},
	{"reboot_now", CheckSync{Restart: true}, true, 200},
	{"restart_now", CheckSync{Restart: true}, true, 200},
	{"report", CheckSync{Report: true}, true, 200},
	{"factory-reset", CheckSync{}, false, 403},
	{"presence", CheckSync{}, false, 489},
}

func TestCheckSync(t *testing.T) {
	for _, tt := range wishes {
		t.Run(tt.event, func(t *testing.T) {
			inWorld(t, syncing(""), func(w *world) {
				l := w.peer.leg("ata1")
				headers := []string{"Event: " + tt.event, "Content-Type: application/simple-message-summary"}
				l.send("NOTIFY", "", headers...)
				if tt.prove {
					w.noEvent()
					headers = append(headers, proof(t, w.peer.response(401), "secret1"))
					l.send("NOTIFY", "", headers...)
				}
				w.peer.response(tt.code)
				if tt.code != 200 {
					w.noEvent()
					return
				}
				if got := event[CheckSync](w); got != tt.want {
					t.Errorf("%+v, want %+v", got, tt.want)
				}
			})
		})
	}
}

// proof answers the challenge of a 401 as a server does: for the URI that it knew
// before its proxy put our contact in its place.
func proof(t *testing.T, res *sipmsg.Response, password string) string {
	t.Helper()
	c := digest.Client{User: "ata1", Password: password}
	name, value, err := c.Authorize("NOTIFY", "sip:ata1@ata.test", nil, headerValues(res, "WWW-Authenticate"), false)
	if err != nil {
		t.Fatal(err)
	}
	return name + ": " + value
}

func TestCheckSyncWithAWrongPassword(t *testing.T) {
	inWorld(t, syncing(SyncAlways), func(w *world) {
		l := w.peer.leg("ata1")
		l.send("NOTIFY", "", "Event: check-sync")
		l.send("NOTIFY", "", "Event: check-sync", proof(t, w.peer.response(401), "guess"))
		w.peer.response(401)
		w.noEvent()
	})
}

func TestCheckSyncTurnedOff(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.peer.leg("ata1").send("NOTIFY", "", "Event: check-sync")
		w.peer.response(489)
		w.noEvent()
	})
}

func TestCheckSyncWithoutProof(t *testing.T) {
	inWorld(t, syncing(SyncNever), func(w *world) {
		w.peer.leg("ata1").send("NOTIFY", "", "Event: reboot")
		w.peer.response(200)
		event[CheckSync](w)
	})
}

// The far end of a call may send requests, but is no server of the account.
func TestCheckSyncFromTheFarEndOfACall(t *testing.T) {
	inWorld(t, syncing(SyncNever), func(w *world) {
		stranger := newPeer(t, w.net, netip.MustParseAddrPort("10.0.0.9:5060"))
		defer stranger.close()
		w.ua.post(func() { w.ua.guard.trust(stranger.addr) }) // as a call does
		synctest.Wait()
		stranger.leg("ata1").send("NOTIFY", "", "Event: check-sync")
		stranger.response(403)
		w.noEvent()
		if n := w.ua.Status().Counters.Forbidden; n != 1 {
			t.Errorf("%d wishes were counted as refused", n)
		}
	})
}

func TestWishesAreCompared(t *testing.T) {
	for _, event := range []string{"", ";", "check-syncx", "reboot=false", "check sync", strings.Repeat("a", 9000)} {
		if w, ok := wishOf(event); ok {
			t.Errorf("%q is %+v", event, w)
		}
	}
}
