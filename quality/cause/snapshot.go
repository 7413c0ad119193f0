package cause

import (
	"time"

	"github.com/ata-agent/ata-agent/quality"
)

// Silence stands for the level of silence, in dBm0.
const Silence = -100

// Snapshot is what is known of a call at a moment. Counters only grow while the
// call lasts; what is not known is 0. Levels are in dBm0, losses in dB.
type Snapshot struct {
	At      time.Time
	Talking bool // the telephone and the far end are connected, neither is on hold
	Pauses  bool // the far end may send nothing in pauses (RFC 3389)

	Heard quality.Report // of the far end's voice, with the buffer's delay and the most it may have
	Far   quality.Report // of ours as the far end tells in RTCP XR (RFC 3611)

	Received, Reordered, Garbage uint64
	Concealed                    time.Duration // voice made up
	SSRC                         uint32        // the far end's
	Transit                      time.Duration // least delay of the last seconds, from an unknown origin

	Sent, SendErrors    uint64
	FarReports          uint64 // the far end's RTCP reports (RFC 3550 §6.4) ...
	FarReportsOfUs      uint64 // ... and those that say it got something of ours
	FarLost             int64
	FarJitter           time.Duration
	SpeechDBm0          float64 // level of what the telephone says, echo left out
	NoiseDBm0           float64 // and between its words
	Clipped, FarClipped uint64  // samples at full scale: of the telephone, of the far end

	ToPhone, SentLevel float64 // of the last 0.3 s: what the telephone hears; what leaves of it after the canceller
	EchoCancelled      bool    // a canceller works on the line

	Stalls      uint64        // of the audio's goroutine
	Stalled     time.Duration // how long these took, all together
	RadioDBm    float64       // signal of this device's radio link, 0 = it has none
	HighwayLost uint64        // times the PCM highway failed
	PortAlarms  uint64        // power alarms and resets of the port
}

// Signalling is how a call was set up.
type Signalling struct {
	Setup time.Duration // from INVITE to the first answer of an outgoing call, 0 = none yet or incoming
	Code  int           // final status of a call that failed, 0 = it did not
}
