//go:build provision

package push

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/config"
)

// TestMosquitto is nudged by Debian's broker: at once, and for what was said
// while the device was away.
func TestMosquitto(t *testing.T) {
	port := broker(t)
	o := Opts{URL: fmt.Sprintf("mqtt://127.0.0.1:%d", port), Topic: "ata/00005e005301/check-sync", ClientID: "00005e005301", User: "box", Password: config.NewSecret("pw")}
	nudges := make(chan struct{}, 10)
	listen := func() (stop func()) {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- Listen(ctx, o, func() { nudges <- struct{}{} }) }()
		return func() {
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	}
	stop := listen()
	say(t, port, o.Topic, nudges)
	stop()
	for len(nudges) > 0 {
		<-nudges
	}
	publish(t, port, o.Topic)
	stop = listen()
	defer stop()
	select {
	case <-nudges:
	case <-time.After(10 * time.Second):
		t.Error("what was said while the device was away is lost")
	}
}

// say publishes until the first nudge: the device may not have subscribed yet.
func say(t *testing.T, port int, topic string, nudges <-chan struct{}) {
	t.Helper()
	for range 50 {
		publish(t, port, topic)
		select {
		case <-nudges:
			return
		case <-time.After(200 * time.Millisecond):
		}
	}
	t.Fatal("no nudge")
}

func publish(t *testing.T, port int, topic string) {
	t.Helper()
	out, err := exec.Command("mosquitto_pub", "-V", "mqttv5", "-p", fmt.Sprint(port), "-u", "box", "-P", "pw", "-t", topic, "-q", "1", "-m", "look").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// broker runs mosquitto until the test is over.
func broker(t *testing.T) (port int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port = l.Addr().(*net.TCPAddr).Port
	l.Close()
	dir := t.TempDir()
	passwords, conf := filepath.Join(dir, "passwords"), filepath.Join(dir, "conf")
	if out, err := exec.Command("mosquitto_passwd", "-c", "-b", passwords, "box", "pw").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	text := fmt.Sprintf("listener %d 127.0.0.1\nallow_anonymous false\npassword_file %s\nuser root\n", port, passwords)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("mosquitto", "-c", conf)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	for range 100 {
		if c, err := net.Dial("tcp", l.Addr().String()); err == nil {
			c.Close()
			return port
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("mosquitto does not listen")
	return 0
}
