package sip

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ata-agent/ata-agent/sip/siptest"
)

var self = Device{MAC: "00005e005301", Vendor: `ata-"agent"`, Model: "A1\r\n", Version: "1.0"}

// ask has a device ask a server that answers each datagram with what answer
// returns; it returns what the server heard, too.
func ask(t *testing.T, answer func(question string) string) (url string, heard []string, err error) {
	t.Helper()
	network := siptest.NewNet()
	server := netip.MustParseAddrPort("10.0.0.1:5060")
	theirs, err := network.Listen(server)
	if err != nil {
		t.Fatal(err)
	}
	ours, err := network.ListenPacket("udp", "10.0.0.2:40000")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 4096)
		for {
			n, from, err := theirs.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			heard = append(heard, string(buf[:n]))
			if text := answer(string(buf[:n])); text != "" {
				_, _ = theirs.WriteToUDPAddrPort([]byte(text), from)
			}
		}
	}()
	url, err = PlugAndPlay(t.Context(), ours, server, self)
	time.Sleep(time.Second)
	theirs.Close()
	ours.Close()
	<-done
	return url, heard, err
}

func notify(body, kind string) string {
	return fmt.Sprintf("NOTIFY sip:10.0.0.2:40000 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK1\r\nMax-Forwards: 20\r\n"+
		"From: <sip:pbx@10.0.0.1>;tag=1\r\nTo: <sip:MAC%%3a00005E005301@224.0.1.75>\r\nCall-ID: 1\r\nCSeq: 1 NOTIFY\r\n"+
		"Event: ua-profile\r\nSubscription-State: terminated;reason=timeout\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", kind, len(body), body)
}

func TestPlugAndPlay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		url, heard, err := ask(t, func(q string) string {
			if strings.HasPrefix(q, "SUBSCRIBE") {
				return notify("https://pbx.test/{mac}.json\r\n", "application/url")
			}
			return ""
		})
		if err != nil || url != "https://pbx.test/{mac}.json" {
			t.Errorf("%q, %v", url, err)
		}
		if len(heard) != 2 || !strings.HasPrefix(heard[1], "SIP/2.0 200") {
			t.Errorf("heard %q", heard)
		}
		if want := `vendor="ata-agent";model="A1";version="1.0"`; !strings.Contains(heard[0], want) {
			t.Errorf("%s lacks %s", heard[0], want)
		}
	})
}

func TestPlugAndPlayAlone(t *testing.T) {
	for name, text := range map[string]string{
		"silence":        "",
		"garbage":        "\x00\x01\x02",
		"another kind":   notify("https://pbx.test/x", "text/plain"),
		"control":        notify("https://pbx.test/x\r\ny", "application/url"),
		"nothing":        notify("", "application/url"),
		"another method": strings.ReplaceAll(notify("https://pbx.test/x", "application/url"), "NOTIFY", "MESSAGE"),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				_, heard, err := ask(t, func(string) string { return text })
				if !errors.Is(err, ErrNoPlugAndPlay) || time.Since(start) != 6*time.Second || len(heard) < 5 || len(heard) > 6 {
					t.Errorf("%v after %v, asked %d times", err, time.Since(start), len(heard))
				}
			})
		})
	}
}

func TestPlugAndPlayGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		var conn net.PacketConn
		conn, err := siptest.NewNet().ListenPacket("udp", "10.0.0.2:40000")
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := PlugAndPlay(ctx, conn, PlugAndPlayAddr, self); !errors.Is(err, ErrNoPlugAndPlay) {
			t.Error(err)
		}
	})
}
