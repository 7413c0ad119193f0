// Package mqtt publishes batches to an MQTT 5 broker, at least once each: the
// batch's number goes along, so that a subscriber can tell a repetition.
package mqtt

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/eclipse/paho.golang/packets"
	"github.com/eclipse/paho.golang/paho"

	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/privacy"
	"github.com/ata-agent/ata-agent/telemetry/receiver"
)

const (
	keepAlive = 60 // seconds
	atLeast   = 1  // QoS
	// refused codes from here on are errors (MQTT 5 §2.4).
	firstError = 0x80
)

// Opts say how to reach a broker.
type Opts struct {
	Address  string      // host:port
	TLS      *tls.Config // nil: without
	User     string
	Password config.Secret
	Topic    string // batches go to TOPIC/metrics, TOPIC/report/NAME, TOPIC/log and TOPIC/consent
}

// Receiver is a broker.
type Receiver struct {
	opts Opts

	mu     sync.Mutex
	client *paho.Client
}

// New returns a broker.
func New(o Opts) *Receiver { return &Receiver{opts: o} }

// Name is "mqtt".
func (r *Receiver) Name() string { return "mqtt" }

// Wants takes everything.
func (r *Receiver) Wants(privacy.BatchKind) bool { return true }

// Send publishes a batch and waits until the broker has it.
func (r *Receiver) Send(ctx context.Context, c privacy.Cleared) error {
	body, err := receiver.Document(c)
	if err != nil {
		return &receiver.Refused{Reason: err.Error()}
	}
	client, err := r.connected(ctx)
	if err != nil {
		return err
	}
	answer, err := client.Publish(ctx, &paho.Publish{
		QoS: atLeast, Topic: r.opts.Topic + "/" + topic(c), Payload: body,
		Properties: &paho.PublishProperties{
			ContentType: "application/json",
			User:        paho.UserProperties{{Key: "batch", Value: c.ID()}},
		},
	})
	return r.judge(answer, err)
}

func topic(c privacy.Cleared) string {
	if c.Kind() == privacy.Report {
		return "report/" + c.Name()
	}
	return string(c.Kind())
}

// judge makes the outcome of a publication one that the sender understands. What
// a broker refuses because of the content it never takes (MQTT 5 §3.4.2.1).
func (r *Receiver) judge(answer *paho.PublishResponse, err error) error {
	if answer != nil && answer.ReasonCode >= firstError {
		switch answer.ReasonCode {
		case packets.PubackPayloadFormatInvalid, packets.PubackTopicNameInvalid:
			return &receiver.Refused{Reason: fmt.Sprintf("reason code %#x", answer.ReasonCode)}
		case packets.PubackQuotaExceeded:
			return &receiver.Busy{Reason: "quota exceeded"}
		}
		return fmt.Errorf("mqtt: reason code %#x", answer.ReasonCode)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("mqtt: publish: %w", err), r.Close())
	}
	return nil
}

// connected returns the client, a new one when the last has lost its broker.
func (r *Receiver) connected(ctx context.Context) (*paho.Client, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.client != nil {
		select {
		case <-r.client.Done():
			r.client = nil
		default:
			return r.client, nil
		}
	}
	conn, err := r.dial(ctx)
	if err != nil {
		return nil, fmt.Errorf("mqtt: %w", err)
	}
	client := paho.NewClient(paho.ClientConfig{Conn: conn, PacketTimeout: 10 * time.Second})
	hello := &paho.Connect{KeepAlive: keepAlive, CleanStart: true}
	if r.opts.User != "" {
		hello.Username, hello.UsernameFlag = r.opts.User, true
	}
	if !r.opts.Password.IsZero() {
		hello.Password, hello.PasswordFlag = []byte(r.opts.Password.Reveal()), true
	}
	if _, err := client.Connect(ctx, hello); err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("mqtt: connect: %w", err)
	}
	r.client = client
	return client, nil
}

func (r *Receiver) dial(ctx context.Context) (net.Conn, error) {
	if r.opts.TLS == nil {
		return new(net.Dialer).DialContext(ctx, "tcp", r.opts.Address)
	}
	conn, err := (&tls.Dialer{Config: r.opts.TLS}).DialContext(ctx, "tcp", r.opts.Address)
	if err != nil {
		return nil, err
	}
	return packets.NewThreadSafeConn(conn), nil
}

// Close says good-bye to the broker and waits until the client has ended.
func (r *Receiver) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.client == nil {
		return nil
	}
	client := r.client
	r.client = nil
	_ = client.Disconnect(&paho.Disconnect{}) // a broker that is gone needs none
	<-client.Done()
	return nil
}
