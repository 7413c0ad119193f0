// Package syslog sends reports, logs and what concerns consent as RFC 5424
// messages: over UDP (RFC 5426) within the house, over TLS with counted octets
// (RFC 5425, RFC 6587 §3.4.1) anywhere.
package syslog

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/ata-agent/ata-agent/privacy"
)

const (
	facility = 16 // local0 (RFC 5424 §6.2.1)
	// enterprise is the number for examples (RFC 5612): none is assigned to this
	// program.
	enterprise = "ata@32473"
	// udpLimit is what every receiver takes (RFC 5424 §6.1).
	udpLimit = 2048
)

// Receiver is a syslog server.
type Receiver struct {
	network, address string
	tls              *tls.Config

	mu   sync.Mutex
	conn net.Conn
	dead chan struct{} // closed when the server ended the connection
}

// New returns a server at an address; a nil configuration means UDP.
func New(address string, t *tls.Config) *Receiver {
	r := &Receiver{network: "udp", address: address, tls: t}
	if t != nil {
		r.network = "tcp"
	}
	return r
}

// Name is "syslog".
func (r *Receiver) Name() string { return "syslog" }

// Wants takes all but metrics.
func (r *Receiver) Wants(k privacy.BatchKind) bool { return k != privacy.Metrics }

// Send writes a batch as one message. The protocol has no answer: over TLS a
// message is lost when the connection breaks just then.
func (r *Receiver) Send(ctx context.Context, c privacy.Cleared) error {
	conn, err := r.dial(ctx)
	if err != nil {
		return err
	}
	msg := Format(c)
	if r.tls == nil {
		msg = msg[:min(len(msg), udpLimit)]
	} else {
		msg = strconv.Itoa(len(msg)) + " " + msg
	}
	deadline, _ := ctx.Deadline()
	_ = conn.SetWriteDeadline(deadline)
	if _, err := conn.Write([]byte(msg)); err != nil {
		_ = r.Close()
		return fmt.Errorf("syslog: %w", err)
	}
	return nil
}

// dial returns the connection, a new one if the server ended the last.
func (r *Receiver) dial(ctx context.Context) (net.Conn, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.conn != nil {
		select {
		case <-r.dead:
			_ = r.conn.Close()
			r.conn = nil
		default:
			return r.conn, nil
		}
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, r.network, r.address)
	if err != nil {
		return nil, fmt.Errorf("syslog: %w", err)
	}
	if r.tls != nil {
		secure := tls.Client(conn, r.tls)
		if err := secure.HandshakeContext(ctx); err != nil {
			_ = conn.Close()
			return nil, fmt.Errorf("syslog: %w", err)
		}
		conn = secure
	}
	r.conn, r.dead = conn, make(chan struct{})
	if r.tls != nil {
		go watch(conn, r.dead)
	}
	return conn, nil
}

// watch ends with the connection: a server has nothing to say, so the end of
// reading is the end of it.
func watch(conn net.Conn, dead chan<- struct{}) {
	defer close(dead)
	var b [64]byte
	for {
		if _, err := conn.Read(b[:]); err != nil {
			return
		}
	}
}

// Close ends the connection.
func (r *Receiver) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.conn == nil {
		return nil
	}
	err := r.conn.Close()
	if r.tls != nil {
		<-r.dead
	}
	r.conn = nil
	return err
}

// Format writes a batch as one message (RFC 5424 §6).
func Format(c privacy.Cleared) string {
	var b strings.Builder
	fmt.Fprintf(&b, "<%d>1 %s %s ata-agent - %s ", facility*8+severity(c), timestamp(c.At()), host(c), id(c))
	b.WriteString("[" + enterprise)
	param(&b, "batch", c.ID())
	text := ""
	for _, i := range c.Items() {
		switch {
		case c.Kind() == privacy.Log && i.Field.Resource == "":
			text = i.Text
		case i.Field.Kind == privacy.Text:
			param(&b, i.Field.Name, i.Text)
		case i.Field.Kind != privacy.Distribution:
			param(&b, i.Field.Name, strconv.FormatFloat(i.Value, 'g', -1, 64))
		}
	}
	b.WriteString("]")
	if text != "" {
		b.WriteString(" \ufeff" + text) // UTF-8 is marked (RFC 5424 §6.4)
	}
	return b.String()
}

// timestamp has at most six digits of a second (RFC 5424 §6.2.3).
func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z07:00") }

// host is the pseudonym of the device, if it may be told.
func host(c privacy.Cleared) string {
	for _, i := range c.Items() {
		if i.Field.Resource == "app.installation.id" && i.Text != "" {
			return i.Text
		}
	}
	return "-"
}

func id(c privacy.Cleared) string {
	if c.Kind() == privacy.Report {
		return c.Name()
	}
	return string(c.Kind())
}

func severity(c privacy.Cleared) int {
	if c.Kind() == privacy.Log {
		return c.Severity() & 7
	}
	return 6 // informational
}

var escaper = strings.NewReplacer(`\`, `\\`, `"`, `\"`, `]`, `\]`)

// param writes a parameter of the structured data (RFC 5424 §6.3.3).
func param(b *strings.Builder, name, value string) {
	fmt.Fprintf(b, ` %.32s="%s"`, name, escaper.Replace(value))
}
