//go:build machine && linux

package guest

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/agent"
	"github.com/ata-agent/ata-agent/privacy"
	"github.com/ata-agent/ata-agent/quality/cause"
	"github.com/ata-agent/ata-agent/telemetry"
)

// weak is a signal with which calls suffer; the simulation has down to -80.
const weak = -78 // dBm

// newRadioScene is newScene with a radio link between the device and the network.
func newRadioScene(t *testing.T, e *ether) *scene {
	t.Helper()
	s := &scene{telephones: plugTelephones(t), peer: newPeer(t, pointAddress)}
	s.program = startBy(t, configuration(s.peer.server, stationAddress, numberOne, numberTwo), e.device.run)
	s.program.await(20*time.Second, "both lines in service", inService)
	s.peer.ready()
	s.do(1, plain)
	s.peer.do(plain)
	return s
}

// TestRadio has the device in a wireless network: its figures of the radio are
// those that the radio has, calls go over it, and one that suffers when the
// signal is weak is blamed on that.
func TestRadio(t *testing.T) {
	e := newEther(t)
	e.strength(-40)
	s := newRadioScene(t, e)
	s.program.permit("signal_strength")
	for _, dBm := range []int{-40, -63, -55} {
		e.strength(dBm)
		s.program.signal(dBm)
	}
	if rate := s.program.metric(`ata_wifi_bitrate_bits{iface="wlan1",direction="sent"}`); !(rate >= 1e6 && rate <= 1e9) {
		t.Errorf("bitrate is %v bit/s", rate)
	}
	good, past := s.radioCall()
	for _, x := range good {
		x.judge(t)
	}
	if past.Voice.Lost != 0 {
		t.Errorf("%d packets lost with a good signal", past.Voice.Lost)
	}

	e.strength(weak)
	s.program.signal(weak)
	weather{loss: 0.04}.set(t, pointRadio)
	bad, past := s.radioCall()
	for _, x := range bad {
		x.understood(t)
	}
	blamed := slices.ContainsFunc(past.Causes, func(f cause.Finding) bool { return f.Cause == cause.WeakRadio && math.Abs(f.Value-weak) <= averaging })
	if past.Voice.Lost == 0 || !blamed {
		t.Errorf("%d packets lost, causes %+v, want a signal of %d dBm", past.Voice.Lost, past.Causes, weak)
	}
	s.lostLink(e)
}

// radioCall calls the far end and returns what was said and how it was.
func (s *scene) radioCall() ([]talk, agent.PastCall) {
	s.Helper()
	s.do(1, "offhook wait tone:dial dial "+numberFar+" wait tone:ringback")
	s.peer.do("wait ringing offhook pause 500ms")
	talks := s.talk(1)
	s.do(1, "onhook")
	s.peer.do("wait cpc -timeout 20s onhook pause 1500ms")
	s.program.await(10*time.Second, "idle", idle)
	calls := s.program.calls()
	if len(calls) == 0 {
		s.Fatal("the agent remembers no call")
	}
	return talks, calls[len(calls)-1]
}

// lostLink switches the access point off and on.
func (s *scene) lostLink(e *ether) {
	s.Helper()
	e.stopPoint()
	s.program.signal(0)
	e.startPoint()
	e.joined()
	s.program.signal(weak)
	s.do(1, "offhook wait tone:dial dial "+numberFar+" wait tone:ringback onhook pause 1500ms")
}

// permit has the owner permit a category of telemetry.
func (p *program) permit(category string) {
	p.Helper()
	level := privacy.Level(2)
	choice, err := json.Marshal(telemetry.Choice{Actor: "owner", Level: &level, Categories: map[string]bool{category: true}})
	if err != nil {
		p.Fatal(err)
	}
	res, err := p.client.Post("http://agent/v1/privacy", "application/json", bytes.NewReader(choice))
	if err != nil {
		p.Fatal(err)
	}
	defer res.Body.Close()
	if body, err := io.ReadAll(res.Body); res.StatusCode != http.StatusOK || err != nil {
		p.Fatalf("privacy: %s %s, %v", res.Status, body, err)
	}
}

// metric is a figure of telemetry, NaN where there is none.
func (p *program) metric(name string) float64 {
	p.Helper()
	res, err := p.client.Get("http://agent/metrics")
	if err != nil {
		p.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		p.Fatal(err)
	}
	m := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(name) + ` (\S+)`).FindSubmatch(text)
	if m == nil {
		return math.NaN()
	}
	v, err := strconv.ParseFloat(string(m[1]), 64)
	if err != nil {
		p.Fatal(err)
	}
	return v
}

// averaging is how far the kernel's running mean of the signal may stop short of
// the signal.
const averaging = 1 // dB

// signal waits until telemetry says that the radio has so many dBm; 0 is no link.
func (p *program) signal(dBm int) {
	p.Helper()
	for begin := time.Now(); ; time.Sleep(200 * time.Millisecond) {
		got := p.metric(`ata_wifi_signal_dbm{iface="` + stationRadio + `"}`)
		if math.Abs(got-float64(dBm)) <= averaging || dBm == 0 && math.IsNaN(got) {
			p.Logf("signal of %d dBm, told as %v after %v", dBm, got, time.Since(begin).Round(time.Millisecond))
			return
		}
		if time.Since(begin) > 20*time.Second {
			p.Fatalf("telemetry has a signal of %v dBm, want %d", got, dBm)
		}
	}
}
