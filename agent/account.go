package agent

import (
	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/sip"
)

// Account is what a user agent is told of a line's account.
func Account(c *config.SIP) sip.Account {
	return sip.Account{
		User: c.User, AuthUser: c.AuthUser, Password: c.Password.Reveal(),
		Display: c.DisplayName, Domain: c.RecordDomain(), Registrar: c.Registrar,
		Proxy: c.OutboundProxy, Transport: sip.Transport(c.Transport),
		Expires: c.Expires.Duration(), Register: c.Register,
	}
}
