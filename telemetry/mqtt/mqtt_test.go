package mqtt

import (
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/eclipse/paho.golang/packets"

	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/privacy/privacytest"
	"github.com/ata-agent/ata-agent/telemetry/receiver"
)

// broker answers CONNECT and PUBLISH with the reason codes it is given; it ends
// the connection after hangUp publications, if that is not 0.
type broker struct {
	net.Listener
	connect, publish byte
	hangUp           int
	hello            chan *packets.Connect
	got              chan *packets.Publish
}

func newBroker(t *testing.T) *broker {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &broker{Listener: l, hello: make(chan *packets.Connect, 10), got: make(chan *packets.Publish, 10)}
	t.Cleanup(func() { l.Close() })
	return b
}

func (b *broker) run() {
	for {
		conn, err := b.Accept()
		if err != nil {
			return
		}
		b.serve(conn)
		conn.Close()
	}
}

func (b *broker) serve(conn net.Conn) {
	for n := 0; ; {
		p, err := packets.ReadPacket(conn)
		if err != nil {
			return
		}
		switch c := p.Content.(type) {
		case *packets.Connect:
			b.hello <- c
			_, _ = (&packets.Connack{ReasonCode: b.connect, Properties: &packets.Properties{}}).WriteTo(conn)
		case *packets.Publish:
			b.got <- c
			_, _ = (&packets.Puback{PacketID: c.PacketID, ReasonCode: b.publish, Properties: &packets.Properties{}}).WriteTo(conn)
			if n++; n == b.hangUp {
				return
			}
		}
	}
}

func (b *broker) receiver() *Receiver {
	return New(Opts{Address: b.Addr().String(), Topic: "house/7", User: "u", Password: config.NewSecret("pw")})
}

func TestPublish(t *testing.T) {
	b := newBroker(t)
	go b.run()
	r := b.receiver()
	f := privacytest.NewFields()
	for topic, c := range map[string]func() error{
		"house/7/metrics":     func() error { return r.Send(t.Context(), f.Metrics(t)) },
		"house/7/report/call": func() error { return r.Send(t.Context(), f.Report(t)) },
		"house/7/log":         func() error { return r.Send(t.Context(), f.Log(t)) },
	} {
		if err := c(); err != nil {
			t.Fatal(err)
		}
		p := <-b.got
		if p.Topic != topic || p.QoS != 1 || !strings.HasPrefix(string(p.Payload), `{"schema":1,"id":"run-`) || p.Properties.ContentType != "application/json" ||
			p.Properties.User[0].Key != "batch" {
			t.Errorf("to %s came %s %s", topic, p.Topic, p.Payload)
		}
	}
	if h := <-b.hello; h.Username != "u" || string(h.Password) != "pw" || h.ProtocolVersion != 5 || len(b.hello) != 0 {
		t.Errorf("hello %v, %d more", h, len(b.hello))
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

func TestBrokerThatEndsConnections(t *testing.T) {
	b := newBroker(t)
	b.hangUp = 1
	go b.run()
	r := b.receiver()
	defer r.Close()
	c := privacytest.NewFields().Report(t)
	for range 3 {
		if err := r.Send(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		<-b.got
		<-r.client.Done()
	}
	if n := len(b.hello); n != 3 {
		t.Errorf("%d connections, want 3", n)
	}
}

func TestReasonCodes(t *testing.T) {
	tests := []struct {
		name             string
		connect, publish byte
		check            func(error) bool
	}{
		{"no subscribers", 0, packets.PubackNoMatchingSubscribers, func(err error) bool { return err == nil }},
		{"quota", 0, packets.PubackQuotaExceeded, func(err error) bool { var b *receiver.Busy; return errors.As(err, &b) }},
		{"content", 0, packets.PubackPayloadFormatInvalid, func(err error) bool { var r *receiver.Refused; return errors.As(err, &r) }},
		{"not authorized", 0, packets.PubackNotAuthorized, func(err error) bool { return err != nil && strings.Contains(err.Error(), "0x87") }},
		{"bad password", packets.ConnackBadUsernameOrPassword, 0, func(err error) bool { return err != nil && strings.Contains(err.Error(), "connect") }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBroker(t)
			b.connect, b.publish = tt.connect, tt.publish
			go b.run()
			r := b.receiver()
			defer r.Close()
			if err := r.Send(t.Context(), privacytest.NewFields().Report(t)); !tt.check(err) {
				t.Errorf("Send = %v", err)
			}
		})
	}
	if err := New(Opts{Address: "127.0.0.1:1", Topic: "x"}).Send(t.Context(), privacytest.NewFields().Report(t)); err == nil {
		t.Error("a broker that is not there was reached")
	}
}
