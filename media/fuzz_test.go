package media_test

import (
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"github.com/ata-agent/ata-agent/media"
	"github.com/ata-agent/ata-agent/quality"
)

// fuzzed returns a line in a call.
func fuzzed(say func(block []int16, at int)) *bench {
	b := newBench(say)
	b.frame()
	return b
}

func silence(block []int16, _ int) { clear(block) }

// FuzzRTP feeds packets, each after its length, to a line in a call: nothing
// may break, and afterwards an ordinary far end is heard again.
func FuzzRTP(f *testing.F) {
	p := rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: 8, SSRC: 1, SequenceNumber: 7}, Payload: make([]byte, 160)}
	plain, _ := p.Marshal()
	p.CSRC = []uint32{1, 2}
	p.Padding, p.PaddingSize = true, 4
	full, _ := p.Marshal()
	event, _ := (&rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: 101, SSRC: 1}, Payload: []byte{1, 0x8A, 1, 0}}).Marshal()
	f.Add(append([]byte{byte(len(plain))}, plain...))
	f.Add(append([]byte{byte(len(full))}, full...))
	f.Add(append([]byte{byte(len(event))}, event...))
	f.Add([]byte{20, 0x90, 8, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0xBE, 0xDE, 0, 1, 0x50, 1, 2, 3})
	f.Fuzz(func(t *testing.T, data []byte) {
		line := fuzzed(silence)
		for len(data) > 0 {
			n := min(int(data[0]), len(data)-1)
			media.Receive(line.session, data[1:1+n], addrB)
			data = data[1+n:]
			line.frame()
		}
		for i := range line.payload {
			line.payload[i] = 0x2A
		}
		line.h.SSRC = 0xD0D0
		for range 150 {
			line.arrive()
			line.frame()
		}
		if line.toPhone[0] == 0 {
			t.Fatalf("far end not heard: %+v", line.session.Stats())
		}
	})
}

// ours is the SSRC that hostile reports are about.
const ours = 0x0DD5

// sane says whether the figures are within their bounds.
func sane(r quality.Report) bool {
	for _, v := range [...]float64{r.LossRate, r.DiscardRate, r.BurstDensity, r.GapDensity, r.R / 100, r.RLQ / 100, r.MOSLQ / 5, r.MOSCQ / 5} {
		if !(v >= 0 && v <= 1) {
			return false
		}
	}
	return r.EndSystem >= 0 && r.EchoLoss >= 0 && r.BurstDuration >= 0
}

// FuzzRTCP feeds one datagram.
func FuzzRTCP(f *testing.F) {
	report, _ := (&rtcp.SenderReport{SSRC: 1, Reports: []rtcp.ReceptionReport{{SSRC: 2}}}).Marshal()
	name, _ := rtcp.NewCNAMESourceDescription(1, "a").Marshal()
	bye, _ := (&rtcp.Goodbye{Sources: []uint32{1}, Reason: "x"}).Marshal()
	f.Add(append(append(report, name...), bye...))
	f.Add([]byte{0x80, 200, 0, 1, 0, 0, 0, 1})
	heard, _ := (&rtcp.ExtendedReport{SenderSSRC: 1, Reports: []rtcp.ReportBlock{
		&rtcp.VoIPMetricsReportBlock{SSRC: ours, LossRate: 7, BurstDensity: 200, RERL: 3, MOSLQ: 44, RFactor: 255, EndSystemDelay: 65535},
		&rtcp.DLRRReportBlock{Reports: []rtcp.DLRRReport{{SSRC: 2}}},
	}}).Marshal()
	f.Add(append(report, heard...))
	f.Add(append([]byte{0x80, 207, 0, 3, 0, 0, 0, 1, 7, 0, 0xFF, 0xFF}, 0, 0, 0, 2))
	f.Fuzz(func(t *testing.T, b []byte) {
		line := fuzzed(silence)
		for range 20 {
			line.arrive()
			line.frame()
		}
		media.SetSSRC(line.session, ours)
		media.ReceiveControl(line.session, b, next(addrB))
		if st := line.session.Stats(); st.RoundTrip < 0 || st.RoundTrip > 24*time.Hour || st.Foreign != 0 || !sane(st.Quality) || !sane(st.RemoteQuality) {
			t.Fatalf("%+v", st)
		}
	})
}
