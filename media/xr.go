package media

import (
	"math"
	"time"

	"github.com/pion/rtcp"

	"github.com/ata-agent/ata-agent/quality"
)

// Values of the VoIP metrics block (RFC 3611 §4.7).
const (
	voipWords    = 8 // its block length, always
	notAvailable = 127
	// receiverConfig: standard concealment, adaptive buffer that follows a step
	// of jitter within 2 packets.
	receiverConfig = 3<<6 | 3<<4 | 1
	mosScale       = 10
	highestR       = 100
)

// extendedReport tells the far end how its voice is heard, nil if nothing came
// yet.
func (s *Session) extendedReport(ssrc uint32) *rtcp.ExtendedReport {
	s.receiver.mu.Lock()
	known, remote := s.receiver.accounts.known, s.receiver.accounts.ssrc
	s.receiver.mu.Unlock()
	r := s.Quality()
	if !known || r.Expected() == 0 {
		return nil
	}
	return &rtcp.ExtendedReport{SenderSSRC: ssrc, Reports: []rtcp.ReportBlock{voipMetrics(remote, &r)}}
}

// voipMetrics is a Report as it goes over the wire.
func voipMetrics(ssrc uint32, r *quality.Report) *rtcp.VoIPMetricsReportBlock {
	return &rtcp.VoIPMetricsReportBlock{
		SSRC:           ssrc,
		LossRate:       putShare(r.LossRate),
		DiscardRate:    putShare(r.DiscardRate),
		BurstDensity:   putShare(r.BurstDensity),
		GapDensity:     putShare(r.GapDensity),
		BurstDuration:  putTime(r.BurstDuration),
		GapDuration:    putTime(r.GapDuration),
		RoundTripDelay: putTime(r.RoundTrip),
		EndSystemDelay: putTime(r.EndSystem),
		SignalLevel:    putLevel(r.SpeechDBm0),
		NoiseLevel:     putLevel(r.NoiseDBm0),
		RERL:           putEchoLoss(r.EchoLoss),
		Gmin:           quality.Gmin,
		RFactor:        putRating(r.R, r.MOSCQ),
		ExtRFactor:     notAvailable,
		MOSLQ:          putMOS(r.MOSLQ),
		MOSCQ:          putMOS(r.MOSCQ),
		RXConfig:       receiverConfig,
		JBNominal:      putTime(r.Buffer),
		JBMaximum:      putTime(r.BufferMost),
		JBAbsMax:       putTime(r.BufferMost),
	}
}

// heardThere is a block from the wire as a Report. What is not available or not
// allowed stays 0.
func heardThere(b *rtcp.VoIPMetricsReportBlock) quality.Report {
	r := quality.Report{
		LossRate:      float64(b.LossRate) / fractionFull,
		DiscardRate:   float64(b.DiscardRate) / fractionFull,
		BurstDensity:  float64(b.BurstDensity) / fractionFull,
		GapDensity:    float64(b.GapDensity) / fractionFull,
		BurstDuration: takeTime(b.BurstDuration),
		GapDuration:   takeTime(b.GapDuration),
		RoundTrip:     takeTime(b.RoundTripDelay),
		EndSystem:     takeTime(b.EndSystemDelay),
		SpeechDBm0:    takeLevel(b.SignalLevel),
		NoiseDBm0:     takeLevel(b.NoiseLevel),
		MOSLQ:         takeMOS(b.MOSLQ),
		MOSCQ:         takeMOS(b.MOSCQ),
		Buffer:        takeTime(b.JBNominal),
		BufferMost:    takeTime(b.JBAbsMax),
	}
	if b.RERL < notAvailable {
		r.EchoLoss = float64(b.RERL)
	}
	if b.RFactor <= highestR {
		r.R = float64(b.RFactor)
	}
	return r
}

// readExtended takes what the far end says about how it hears us. The caller
// holds the lock.
func (s *Session) readExtended(x *rtcp.ExtendedReport) {
	for _, block := range x.Reports {
		b, ok := block.(*rtcp.VoIPMetricsReportBlock)
		switch {
		case !ok:
		case b.BlockLength != voipWords:
			s.control.garbage++
		case b.SSRC == s.ssrc.Load():
			s.control.heard, s.control.hasHeard = heardThere(b), true
		}
	}
}

// parseCompound parses a datagram of RTCP. An extended report that makes no
// sense is left out and counted; anything else that does not spoils the whole.
func parseCompound(b []byte) (packets []rtcp.Packet, garbage uint64) {
	for len(b) > 0 {
		var h rtcp.Header
		if err := h.Unmarshal(b); err != nil {
			return nil, garbage + 1
		}
		n := 4 * (int(h.Length) + 1)
		if n > len(b) {
			return nil, garbage + 1
		}
		list, err := rtcp.Unmarshal(b[:n])
		switch {
		case err == nil:
			packets = append(packets, list...)
		case h.Type != rtcp.TypeExtendedReport:
			return nil, garbage + 1
		default:
			garbage++
		}
		b = b[n:]
	}
	return packets, garbage
}

func putShare(v float64) uint8 { return uint8(max(0, min(v*fractionFull, fractionFull-1))) }

func putTime(d time.Duration) uint16 {
	return uint16(max(0, min(d.Round(time.Millisecond).Milliseconds(), math.MaxUint16)))
}

func takeTime(v uint16) time.Duration { return time.Duration(v) * time.Millisecond }

// putLevel puts dBm0 in two's complement; 0 is not known.
func putLevel(v float64) uint8 {
	if v == 0 {
		return notAvailable
	}
	return uint8(int8(math.Round(max(-128, min(v, notAvailable-1)))))
}

func takeLevel(v uint8) float64 {
	if v == notAvailable {
		return 0
	}
	return float64(int8(v))
}

func putEchoLoss(v float64) uint8 {
	if v <= 0 {
		return notAvailable
	}
	return uint8(math.Round(min(v, notAvailable-1)))
}

// putRating puts an R factor, which is known if the opinion is.
func putRating(r, mos float64) uint8 {
	if mos == 0 {
		return notAvailable
	}
	return uint8(math.Round(max(0, min(r, highestR))))
}

func putMOS(v float64) uint8 {
	if v == 0 {
		return notAvailable
	}
	return uint8(math.Round(max(1, min(v, 5)) * mosScale))
}

func takeMOS(v uint8) float64 {
	if v < 1*mosScale || v > 5*mosScale {
		return 0
	}
	return float64(v) / mosScale
}
