package foreign

import (
	"fmt"
	"net"
	"strings"
)

// SetLocalPort takes the local SIP port of line n, unless another line has it.
func (d *Draft) SetLocalPort(e *Entry, n int) {
	key := LineKey(n, "sip/local_port")
	f, note, err := Number(e.Value)
	if err != nil || f < 0 || f > 65535 {
		d.Refuse(e, key, "not a port, 0 to 65535")
		return
	}
	port := int(f)
	for other := range n {
		if port != 0 && d.Get(LineKey(other, "sip/local_port")) == port {
			d.Refuse(e, key, fmt.Sprintf("line %d has this port", other+1))
			return
		}
	}
	d.Set(e, key, port, note)
}

// WithPort adds to an address without one the standard port of line n's transport
// (RFC 3261 §19.1.2), for makers whose devices then look for no other. The
// transport is set before.
func (d *Draft) WithPort(address string, n int) string {
	if _, _, err := net.SplitHostPort(address); err == nil || address == "" {
		return address
	}
	port := "5060"
	if d.Get(LineKey(n, "sip/transport")) == "tls" {
		port = "5061"
	}
	return net.JoinHostPort(strings.Trim(address, "[]"), port)
}
