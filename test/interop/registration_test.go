//go:build interop

package interop

import (
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/test/peer"
)

// TestRegister registers by each digest algorithm and transport, and takes the
// registration back at the end.
func TestRegister(t *testing.T) {
	for _, algorithm := range []string{"MD5", "SHA-256"} {
		t.Run(algorithm, func(t *testing.T) {
			t.Parallel()
			k := startKamailio(t, algorithm)
			a := startATA(t, account(k, 1, "udp", "PCMU"), account(k, 2, "tcp", "PCMU"))
			for n, l := range a.status(t).Lines {
				if l.Registration != "registered" || !k.Knows(t, userOf(n+1)) {
					t.Errorf("line %d is %s, Kamailio knows it: %v", n+1, l.Registration, k.Knows(t, userOf(n+1)))
				}
			}
			a.Stop()
			for n := 1; n <= 2; n++ {
				if k.Knows(t, userOf(n)) {
					t.Errorf("line %d is still registered after the agent's end", n)
				}
			}
		})
	}
}

// TestWrongPassword expects that the refusal shows.
func TestWrongPassword(t *testing.T) {
	t.Parallel()
	k := startKamailio(t, "MD5")
	line := account(k, 1, "udp", "PCMU")
	line["sip"].(object)["password"] = "wrong"
	a := runATA(t, line)
	peer.Eventually(t, 10*time.Second, "the refusal shows in status", func() bool {
		return a.status(t).Lines[0].Registration == "refused"
	})
}

// TestRegistrarRestarts takes Kamailio away and back. The line on TCP notices
// the loss of its connection and tries again within the back-off bound; the
// line on UDP comes back with its next refresh, which a lifetime of 60 s puts
// within the minute.
func TestRegistrarRestarts(t *testing.T) {
	t.Parallel()
	k := startKamailio(t, "MD5")
	a := startATA(t, account(k, 1, "udp", "PCMU"), account(k, 2, "tcp", "PCMU"))
	k.Stop()
	peer.Eventually(t, 10*time.Second, "the line on TCP notices", func() bool {
		return a.status(t).Lines[1].Registration == "registering"
	})
	k.Start(t) // it has forgotten who was registered
	back := time.Now()
	b := startBaresip(t, k, baresipOpts{})
	peer.Eventually(t, 75*time.Second, "both lines are registered again", func() bool {
		return k.Knows(t, userOf(1)) && k.Knows(t, userOf(2))
	})
	t.Logf("registered again after %v", time.Since(back).Round(time.Second))
	for n := 1; n <= 2; n++ {
		b.call(t, n)
		a.Phone(t, n, words("wait ringing offhook wait talk onhook")...)
	}
	a.idle(t)
}
