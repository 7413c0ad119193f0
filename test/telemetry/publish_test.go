//go:build telemetry

package telemetry

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"net"
	"net/netip"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/rtcp"

	"github.com/ata-agent/ata-agent/agent"
	"github.com/ata-agent/ata-agent/media"
	"github.com/ata-agent/ata-agent/quality/vqrtcpxr/vqtest"
	"github.com/ata-agent/ata-agent/sip"
	"github.com/ata-agent/ata-agent/test/peer"
)

const farNumber = "5550103"

// farEnd is a telephone of the test's at Kamailio. It answers, sends voice of which
// a twentieth and a burst are missing, and says by RTCP XR how it hears.
type farEnd struct {
	t       *testing.T
	ctx     context.Context
	ua      *sip.UA
	rtp     media.Conn
	rtcp    media.Conn
	port    uint16
	heard   atomic.Uint32 // SSRC of the voice it gets
	running sync.WaitGroup
	fared   chan sip.RTPStat // what the agent told at the end
}

// told is what the far end says by RTCP XR.
var told = rtcp.VoIPMetricsReportBlock{
	XRHeader: rtcp.XRHeader{BlockType: rtcp.VoIPMetricsReportBlockType}, LossRate: 13, DiscardRate: 5, BurstDensity: 128, GapDensity: 3,
	BurstDuration: 100, GapDuration: 4000, RoundTripDelay: 31, EndSystemDelay: 45, SignalLevel: 0xEF, NoiseLevel: 0xC4, RERL: 50, Gmin: 16,
	RFactor: 80, ExtRFactor: 127, MOSLQ: 39, MOSCQ: 38, RXConfig: 0xF1, JBNominal: 40, JBMaximum: 120, JBAbsMax: 120,
}

func startFarEnd(t *testing.T, k *peer.Kamailio) *farEnd {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	f := &farEnd{t: t, ctx: ctx, fared: make(chan sip.RTPStat, 1)}
	loopback := netip.MustParseAddr("127.0.0.1")
	var err error
	if f.rtp, f.rtcp, err = media.Listen(loopback, 40000, 45000, 0); err != nil {
		t.Fatal(err)
	}
	f.port = uint16(f.rtp.(interface{ LocalAddr() net.Addr }).LocalAddr().(*net.UDPAddr).Port)
	f.ua, err = sip.New(sip.Account{User: farNumber, Password: sipPassword, Domain: "ata.test", Proxy: fmt.Sprintf("127.0.0.1:%d", k.Port), Register: true},
		sip.Voice{Codecs: []string{"PCMU"}}, sip.Opts{LocalAddr: loopback, Notify: f.event})
	if err != nil {
		t.Fatal(err)
	}
	f.running.Go(func() { _ = f.ua.Run(ctx) })
	f.running.Go(f.listen)
	t.Cleanup(func() {
		stop()
		f.rtp.Close()
		f.rtcp.Close()
		f.running.Wait()
	})
	eventually(t, 10*time.Second, "the far end is registered", func() bool { return f.ua.Status().Registration.State == sip.Registered })
	return f
}

func (f *farEnd) event(e sip.Event) {
	switch e := e.(type) {
	case sip.Incoming:
		f.ua.Answer(e.Call, netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), f.port))
	case sip.Answered:
		f.running.Go(func() { f.speak(e.Media) })
	case sip.Fared:
		f.fared <- e.Voice
	}
}

// listen learns who sends.
func (f *farEnd) listen() {
	buf := make([]byte, 1500)
	for {
		n, _, err := f.rtp.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		if n > 12 {
			f.heard.Store(binary.BigEndian.Uint32(buf[8:]))
		}
	}
}

// speak sends for as long as the test lasts.
func (f *farEnd) speak(m sip.Media) {
	packet := make([]byte, 172)
	packet[0] = 0x80
	binary.BigEndian.PutUint32(packet[8:], 0xfeedbeef)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-f.ctx.Done():
			return
		case <-tick.C:
		}
		binary.BigEndian.PutUint16(packet[2:], uint16(n))
		binary.BigEndian.PutUint32(packet[4:], uint32(160*n))
		if missing := n%20 == 7 || n%250 >= 200 && n%250 < 206; !missing {
			_, _ = f.rtp.WriteToUDPAddrPort(packet, m.Remote) // the agent may have hung up
		}
		if n%50 == 49 {
			f.report(m.RemoteRTCP)
		}
	}
}

func (f *farEnd) report(to netip.AddrPort) {
	block := told
	block.SSRC = f.heard.Load()
	b, err := rtcp.Marshal([]rtcp.Packet{
		&rtcp.ReceiverReport{SSRC: 0xfeedbeef, Reports: []rtcp.ReceptionReport{{SSRC: block.SSRC, TotalLost: 25, Jitter: 80}}},
		&rtcp.ExtendedReport{SenderSSRC: 0xfeedbeef, Reports: []rtcp.ReportBlock{&block}},
	})
	if err != nil {
		f.t.Error(err)
	}
	_, _ = f.rtcp.WriteToUDPAddrPort(b, to)
}

var storedReport = regexp.MustCompile(`(?s)quality report of (\d+) to (\w+)\n(.*?)-- end of report`)

// TestKamailioIsToldOfCalls: after a real call through Kamailio the figures that it
// was told by PUBLISH, over digest authentication, are those of the agent, and
// those of the far end as it told them; who spoke is not told without permission.
func TestKamailioIsToldOfCalls(t *testing.T) {
	k := peer.StartKamailio(t, "SHA-256", peer.Account{User: callerNumber, Password: sipPassword}, peer.Account{User: calledNumber, Password: sipPassword}, peer.Account{User: farNumber, Password: sipPassword})
	pcap := filepath.Join(t.TempDir(), "publish.pcap")
	sniffer, stopSniffer := start(t, "tshark", "-q", "-i", "lo", "-w", pcap, "-f", fmt.Sprintf("udp port %d", k.Port))
	eventually(t, 20*time.Second, "tshark captures", func() bool { return strings.Contains(sniffer.String(), "Capturing on") })
	far := startFarEnd(t, k)
	a := startATAAt(t, fmt.Sprintf("127.0.0.1:%d", k.Port), object{
		"interval_s": 5, "quality_reports": object{"collector": "sip:collector@ata.test", "alerts": object{"mos_lq_warning": 0, "mos_lq_critical": 0}},
	})
	a.do(t, "privacy", "set", "level", "2", "ip_address", "off")
	a.do(t, "phone", "1", "offhook", "wait", "tone:dial", "dial", farNumber, "pause", "16s", "onhook")
	var alerts string
	var session []string
	eventually(t, 20*time.Second, "Kamailio has the reports", func() bool {
		for _, m := range storedReport.FindAllStringSubmatch(k.Log.String(), -1) {
			if strings.HasPrefix(m[3], "VQAlertReport") {
				alerts += strings.SplitN(m[3], "\r\n", 2)[0] + "\n"
			} else {
				session = m
			}
		}
		return session != nil
	})
	time.Sleep(500 * time.Millisecond) // what is captured is written
	stopSniffer()
	if session[1] != callerNumber || session[2] != "collector" {
		t.Errorf("report of %s to %s", session[1], session[2])
	}
	if !strings.Contains(alerts, "VQAlertReport: Type=NLR Severity=Warning Dir=local\n") {
		t.Errorf("no alert while a twentieth of the voice was lost, but\n%s", alerts)
	}
	noSecrets(t, session[3])
	if strings.Contains(session[3], "127.0.0") || strings.Contains(session[3], farNumber) {
		t.Errorf("the report tells addresses or numbers:\n%s", session[3])
	}
	got, err := vqtest.Parse([]byte(session[3]))
	if err != nil {
		t.Fatalf("%v in\n%s", err, session[3])
	}
	var calls []agent.PastCall
	if err := json.Unmarshal([]byte(a.do(t, "calls", "-json")), &calls); err != nil || len(calls) != 1 {
		t.Fatalf("calls: %v", err)
	}
	compareLocal(t, got, calls[0].Voice)
	compareRemote(t, got, calls[0].Voice)
	select {
	case s := <-far.fared:
		if v := calls[0].Voice; s.Sent != v.Sent || s.Lost != uint64(v.Lost) || near(s.Received, v.Received) > 3 || s.Encoder != "G711u" {
			t.Errorf("BYE told %+v, the agent has %+v", s, v)
		}
	case <-time.After(5 * time.Second):
		t.Error("BYE told nothing")
	}
	out, err := exec.Command("tshark", "-r", pcap, "-d", fmt.Sprintf("udp.port==%d,sip", k.Port), "-Y", `sip.Method == "PUBLISH" && sip.auth`,
		"-T", "fields", "-e", "sip.Event", "-e", "sip.Content-Type", "-e", "sip.auth.algorithm").Output()
	if err != nil || !strings.Contains(string(out), "vq-rtcpxr\tapplication/vq-rtcpxr\tSHA-256") {
		t.Errorf("tshark: %v: %q", err, out)
	}
}

func near(a, b uint64) uint64 { return max(a, b) - min(a, b) }

// compareLocal compares what Kamailio has with what the agent says of the call.
func compareLocal(t *testing.T, got *vqtest.Report, v agent.VoiceStatus) {
	t.Helper()
	if v.LossRate < 0.05 || v.Bursts == 0 {
		t.Errorf("the agent knows of no loss: %+v", v)
	}
	for name, want := range map[string]struct{ value, within float64 }{
		"NLR": {100 * v.LossRate, 0.006}, "JDR": {100 * v.DiscardRate, 0.006}, "BLD": {100 * v.BurstDensity, 0.006}, "GLD": {100 * v.GapDensity, 0.006},
		"BD": {1000 * v.BurstDuration, 1}, "GD": {1000 * v.GapDuration, 1}, "IAJ": {1000 * v.Jitter, 0.51}, "RCQ": {v.R, 0.51},
		"MOSLQ": {v.MOSLQ, 0.006}, "MOSCQ": {v.MOSCQ, 0.006}, "JBN": {1000 * v.Buffer, 1},
	} {
		n, err := got.LocalNumber(name)
		if err != nil || math.Abs(n-want.value) > want.within {
			t.Errorf("Kamailio has %s=%v (%v), the agent %v", name, n, err, want.value)
		}
	}
}

// compareRemote compares it with what the far end told.
func compareRemote(t *testing.T, got *vqtest.Report, v agent.VoiceStatus) {
	t.Helper()
	if v.RemoteMOSLQ != 3.9 || v.RemoteR != 80 || v.RemoteLost != 25 || v.RemoteJitter != 0.01 {
		t.Errorf("the agent has %v, %v, %v, %v of the far end", v.RemoteMOSLQ, v.RemoteR, v.RemoteLost, v.RemoteJitter)
	}
	for name, want := range map[string]string{
		"NLR": "5.08", "JDR": "1.95", "BLD": "50.00", "BD": "100", "GLD": "1.17", "GD": "4000", "RTD": "31", "ESD": "45", "IAJ": "10",
		"SL": "-17", "NL": "-60", "RERL": "50", "RCQ": "80", "MOSLQ": "3.90", "MOSCQ": "3.80", "JBN": "40", "JBX": "120",
	} {
		if got.Remote[name] != want {
			t.Errorf("Kamailio has %s=%q of the far end, want %q", name, got.Remote[name], want)
		}
	}
}
