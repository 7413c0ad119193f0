//go:build interop

// Package interop calls through SIP servers and telephones that others wrote:
// Kamailio, baresip and SIPp from Debian, started by the tests on loopback.
// The agent is the real program on a virtual board, worked through its command
// line as a user would.
package interop

import (
	"fmt"
	"testing"

	"github.com/ata-agent/ata-agent/test/peer"
)

// Accounts at Kamailio, domain ata.test: one for each line of an agent, others for
// baresip.
const (
	lines        = 4
	bareUser     = "2001"
	plainUser    = "2002" // where voice is not encrypted
	strictUser   = "2003" // where it must be
	barePassword = "secretb"
)

func userOf(line int) string     { return fmt.Sprint(1000 + line) }
func passwordOf(line int) string { return fmt.Sprint("secret", line) }

// startKamailio runs Kamailio with all of them.
func startKamailio(t *testing.T, algorithm string) *peer.Kamailio {
	t.Helper()
	return peer.StartKamailio(t, algorithm, accounts()...)
}

func accounts() []peer.Account {
	accounts := []peer.Account{{User: bareUser, Password: barePassword}, {User: plainUser, Password: barePassword}, {User: strictUser, Password: barePassword}}
	for n := 1; n <= lines; n++ {
		accounts = append(accounts, peer.Account{User: userOf(n), Password: passwordOf(n)})
	}
	return accounts
}
