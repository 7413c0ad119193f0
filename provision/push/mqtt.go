package push

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/url"

	"github.com/eclipse/paho.golang/packets"
	"github.com/eclipse/paho.golang/paho"
)

const (
	mqttPort, mqttsPort = "1883", "8883"

	mqttKeepAlive = 60 // seconds
	// sessionLife is how long the server keeps what it has for a device that is
	// away, seconds.
	sessionLife = 24 * 60 * 60
	atLeastOnce = 1 // QoS
)

// attendMQTT holds one connection (MQTT 5.0). Any message of the topic is a
// nudge.
func attendMQTT(ctx context.Context, u *url.URL, o *Opts, up func(bool)) error {
	conn, err := dialMQTT(ctx, u, o)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	gone := make(chan error, 2)
	c := paho.NewClient(paho.ClientConfig{
		ClientID: o.ClientID, Conn: packets.NewThreadSafeConn(conn),
		OnPublishReceived:  []func(paho.PublishReceived) (bool, error){func(paho.PublishReceived) (bool, error) { up(false); return true, nil }},
		OnClientError:      func(err error) { gone <- err },
		OnServerDisconnect: func(*paho.Disconnect) { gone <- errors.New("push: the server ended it") },
	})
	connect := &paho.Connect{
		ClientID: o.ClientID, KeepAlive: mqttKeepAlive, CleanStart: false,
		Properties: &paho.ConnectProperties{SessionExpiryInterval: paho.Uint32(sessionLife)},
	}
	if o.User != "" {
		connect.Username, connect.UsernameFlag = o.User, true
		connect.Password, connect.PasswordFlag = []byte(o.Password.Reveal()), true
	}
	if _, err := c.Connect(ctx, connect); err != nil {
		return err
	}
	if _, err := c.Subscribe(ctx, &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{{Topic: o.Topic, QoS: atLeastOnce}}}); err != nil {
		return err
	}
	up(true)
	select {
	case <-ctx.Done():
		_ = c.Disconnect(&paho.Disconnect{})
		<-c.Done()
		return ctx.Err()
	case err := <-gone:
		<-c.Done()
		return err
	}
}

func dialMQTT(ctx context.Context, u *url.URL, o *Opts) (net.Conn, error) {
	port := u.Port()
	if u.Scheme == "mqtt" {
		if port == "" {
			port = mqttPort
		}
		return new(net.Dialer).DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	}
	if port == "" {
		port = mqttsPort
	}
	d := tls.Dialer{Config: o.TLS}
	return d.DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
}
