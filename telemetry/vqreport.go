package telemetry

import (
	"cmp"
	"net/netip"
	"strings"
	"time"

	"github.com/ata-agent/ata-agent/agent"
	"github.com/ata-agent/ata-agent/privacy"
	"github.com/ata-agent/ata-agent/quality"
	"github.com/ata-agent/ata-agent/quality/vqrtcpxr"
)

// vqEvent is something to be told of a call by a voice quality report. It holds
// what the device knows; what of it may leave is seen when it does.
type vqEvent struct {
	kind        vqrtcpxr.Kind
	alert       vqrtcpxr.Alert
	line        int
	user        string // of the account
	domain      string
	call        agent.CallStatus
	heard       quality.Report // of the time reported
	start, stop time.Time      // with the time since the start of the computer
}

// vqNames are the names of the reports in batches.
var vqNames = map[vqrtcpxr.Kind]string{vqrtcpxr.CallTerm: "vq-session", vqrtcpxr.Interval: "vq-interval", vqrtcpxr.OnAlert: "vq-alert"}

// batch is the event as fields, at a time by a clock that is right.
func (e *vqEvent) batch(now time.Time) privacy.Batch {
	s := &Samples{}
	e.parties(s)
	d := &e.call.Detail
	e.endpoint(s, vqLocalAddress, localEnd, d.Local, d.Stats.SSRC)
	e.endpoint(s, vqRemoteAddress, remoteEnd, d.Agreed.Remote, d.Stats.RemoteSSRC)
	wall := func(t time.Time) float64 { return float64(now.Add(-now.Sub(t)).Unix()) }
	s.Set(vqStart, wall(e.start))
	s.Set(vqStop, wall(e.stop))
	s.Flag(reportIncoming, e.call.Incoming)
	s.Text(reportCodec, e.call.Codec)
	if e.kind == vqrtcpxr.OnAlert {
		s.Set(vqAlert, 1, e.alert.Figure.String(), e.alert.Severity.String())
	}
	local, remote := e.local(), e.remote()
	heardAt(s, localEnd, &local)
	heardAt(s, remoteEnd, &remote)
	return privacy.Batch{Kind: privacy.Report, Name: vqNames[e.kind], At: now, Items: s.items}
}

// parties are who spoke, and in which dialog.
func (e *vqEvent) parties(s *Samples) {
	d := &e.call.Detail.Dialog
	number, domain, named := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(e.call.Number, "sips:"), "sip:"), "@")
	if !named || number == "" {
		domain = e.domain
	}
	for _, x := range []struct {
		field privacy.Field
		text  string
	}{
		{vqCallID, d.CallID},
		{vqLocalTag, d.LocalTag},
		{vqFarTag, d.FarTag},
		{vqLocal, e.user},
		{vqRemote, number},
		{vqDomain, domain},
	} {
		if x.text != "" {
			s.Text(x.field, x.text)
		}
	}
}

func (e *vqEvent) endpoint(s *Samples, address privacy.Field, end string, a netip.AddrPort, ssrc uint32) {
	if a.IsValid() {
		s.Text(address, a.Addr().Unmap().String())
		s.Set(vqPort, float64(a.Port()), end)
	}
	if ssrc != 0 {
		s.Set(vqSSRC, float64(ssrc), end)
	}
}

func heardAt(s *Samples, end string, m *vqrtcpxr.Metrics) {
	for _, f := range vqrtcpxr.Figures() {
		if v, known := m.Get(f); known {
			s.Set(vqFigure, v, end, f.String())
		}
	}
}

// Values of RFC 3611 §4.7.6.
const (
	standardPLC    = 3
	adaptiveBuffer = 3
	fixedBuffer    = 2
	bufferRate     = 1 // as RTCP tells it
)

// payloadTypes are those of RFC 3551 §6.
var payloadTypes = map[string]float64{"PCMU": 0, "PCMA": 8}

// local are the figures of what was heard here.
func (e *vqEvent) local() (m vqrtcpxr.Metrics) {
	m.Take(&e.heard)
	e.describe(&m)
	d := &e.call.Detail
	m.Set(vqrtcpxr.PLC, standardPLC)
	m.Set(vqrtcpxr.JBA, adaptiveBuffer)
	m.Set(vqrtcpxr.JBR, bufferRate)
	if d.Fixed {
		m.Set(vqrtcpxr.JBA, fixedBuffer)
		m.Set(vqrtcpxr.JBR, 0)
	}
	if d.Stats.Received > 0 {
		m.Set(vqrtcpxr.IAJ, milliseconds(e.heard.Jitter))
	}
	return m
}

// describe adds what was agreed on.
func (e *vqEvent) describe(m *vqrtcpxr.Metrics) {
	agreed := &e.call.Detail.Agreed
	pt, known := payloadTypes[agreed.Codec]
	if !known || agreed.PTime <= 0 {
		return
	}
	const rate = 8000 // samples a second, of an octet each (G.711)
	m.Set(vqrtcpxr.PT, pt)
	m.Set(vqrtcpxr.SR, rate)
	m.Set(vqrtcpxr.FD, milliseconds(agreed.PTime))
	m.Set(vqrtcpxr.FO, agreed.PTime.Seconds()*rate)
	m.Set(vqrtcpxr.FPP, 1)
	m.Set(vqrtcpxr.PPS, 1/agreed.PTime.Seconds())
	m.Set(vqrtcpxr.SSUP, 0)
	if agreed.Noise {
		m.Set(vqrtcpxr.SSUP, 1)
	}
}

// remote are the figures of what the far end heard, as far as it told, by RTCP XR
// or without it.
func (e *vqEvent) remote() (m vqrtcpxr.Metrics) {
	v, stats := &e.call.Voice, &e.call.Detail.Stats
	m.Take(&stats.RemoteQuality)
	told := stats.RemoteReportsUs > 0 || e.call.FarEnd != nil
	if told {
		m.Set(vqrtcpxr.IAJ, 1000*v.RemoteJitter)
	}
	if _, known := m.Get(vqrtcpxr.NLR); !known && told && v.Sent > 0 {
		m.Set(vqrtcpxr.NLR, 100*float64(max(0, v.RemoteLost))/float64(v.Sent))
	}
	return m
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// vqText is the report of what may leave.
func vqText(c privacy.Cleared) []byte {
	r := vqrtcpxr.Report{
		CallID: c.Text(vqCallID), LocalTag: c.Text(vqLocalTag), FarTag: c.Text(vqFarTag),
		LocalID:  vqrtcpxr.ID{User: c.Text(vqLocal), Host: c.Text(vqDomain)},
		RemoteID: vqrtcpxr.ID{User: c.Text(vqRemote), Host: c.Text(vqDomain)},
		Group:    cmp.Or(c.Text(installation), "ata-agent"),
	}
	for kind, name := range vqNames {
		if name == c.Name() {
			r.Kind = kind
		}
	}
	hour := coarse(privacy.Report, c.At())
	r.Heard = vqrtcpxr.Metrics{Start: hour, Stop: hour, Payload: c.Text(reportCodec)}
	told := vqrtcpxr.Metrics{Start: hour, Stop: hour, Payload: c.Text(reportCodec)}
	r.Local.Addr, r.Remote.Addr = toldNetwork(c.Text(vqLocalAddress)), toldNetwork(c.Text(vqRemoteAddress))
	ends := map[string]*vqrtcpxr.Metrics{localEnd: &r.Heard, remoteEnd: &told}
	points := map[string]*vqrtcpxr.Endpoint{localEnd: &r.Local, remoteEnd: &r.Remote}
	for _, i := range c.Items() {
		switch i.Field {
		case vqFigure:
			ends[i.Labels[0]].Set(figureOf(i.Labels[1]), i.Value)
			if i.Labels[0] == remoteEnd {
				r.Told = &told
			}
		case vqAlert:
			r.Alert = vqrtcpxr.Alert{Figure: figureOf(i.Labels[0]), Severity: severityOf(i.Labels[1])}
		case vqPort:
			p := points[i.Labels[0]]
			p.Addr = netip.AddrPortFrom(p.Addr.Addr(), uint16(i.Value))
		case vqSSRC:
			points[i.Labels[0]].SSRC = uint32(i.Value)
		case vqStart:
			r.Heard.Start, told.Start = seconds(i.Value), seconds(i.Value)
		case vqStop:
			r.Heard.Stop, told.Stop = seconds(i.Value), seconds(i.Value)
		case reportIncoming:
			r.Incoming = i.Value != 0
		}
	}
	return r.Marshal()
}

func seconds(v float64) time.Time { return time.Unix(int64(v), 0) }

// toldNetwork is the address of a network as the filter tells it.
func toldNetwork(text string) netip.AddrPort {
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(p.Addr(), 0)
}

func figureOf(name string) vqrtcpxr.Figure {
	for _, f := range vqrtcpxr.Figures() {
		if f.String() == name {
			return f
		}
	}
	return vqrtcpxr.Figure(len(vqrtcpxr.Figures())) // none
}

func severityOf(name string) vqrtcpxr.Severity {
	for _, s := range []vqrtcpxr.Severity{vqrtcpxr.Warning, vqrtcpxr.Critical} {
		if s.String() == name {
			return s
		}
	}
	return vqrtcpxr.Clear
}
