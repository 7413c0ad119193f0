// Package cause says why a call was bad.
//
// A [Record] takes a [Snapshot] of a call every second. At any moment it ranks what
// can be wrong with a call by how much it hurt: [Finding.Weight] is in points of the
// rating R of the E-model (ITU-T G.107), of which a call in order has 93, so causes
// as different as loss and echo can be compared. Each comes with the figure that shows
// it, a sentence for the owner and one for a technician.
//
// What one cause explains is not charged to another: packets that came late because
// the processor stalled say nothing of the network. A record is of constant size and
// belongs to one goroutine.
package cause

import "fmt"

// Cause is what may be wrong with a call.
type Cause uint8

// The causes. docs/causes.md describes each.
const (
	LossReceived Cause = iota
	BurstLossReceived
	LossSent
	JitterReceived
	LateBurstsReceived
	JitterSent
	BufferTooShort
	Delay
	NoVoiceReceived
	NoVoiceSent
	VoiceInterrupted
	Reordering
	ClockDrift
	WrongCoding
	CannotSend
	EchoOfTelephone
	FarTooQuiet
	FarTooLoud
	FarNoise
	NearTooQuiet
	NearTooLoud
	NearNoise
	ProcessorStalls
	HighwayLost
	PortAlarm
	SlowServer
	ServerRefused
	WeakRadio
	causes // how many there are
)

// about is what is said of a cause.
type about struct {
	name  string // in programs
	owner string // what is wrong and what to do about it
	shows string // what Finding.Value is
	unit  string // of Finding.Value
}

var abouts = [causes]about{
	LossReceived: {
		"loss-received", "Part of the other person's voice got lost in the network on its way to you.",
		"packets lost", "percent",
	},
	BurstLossReceived: {
		"burst-loss-received", "Whole words of the other person got lost in the network on their way to you, as on a weak radio link.",
		"packets lost in bursts", "percent",
	},
	LossSent: {
		"loss-sent", "Part of your voice got lost in the network on its way to the other person.",
		"packets the far end did not get", "percent",
	},
	JitterReceived: {
		"jitter-received", "The other person's voice came unevenly; your connection is busy all the time.",
		"mean jitter", "milliseconds",
	},
	LateBurstsReceived: {
		"late-bursts-received", "The other person's voice stopped now and then and came too late, as when others use the connection or the radio link is weak.",
		"voice that was not there in time", "milliseconds a minute",
	},
	JitterSent: {
		"jitter-sent", "Your voice reaches the other person unevenly; your connection is busy when it sends, or theirs is.",
		"mean jitter at the far end", "milliseconds",
	},
	BufferTooShort: {
		"buffer-too-short", "The network is less even than this device is set up for; allow the jitter buffer more delay.",
		"packets that came after the longest delay allowed", "percent",
	},
	Delay: {
		"delay", "The way through the network is long: you talk into each other's words.",
		"one way through the network", "milliseconds",
	},
	NoVoiceReceived: {
		"no-voice-received", "Nothing was heard of the other person; a firewall or router may keep the voice out.",
		"time without a packet", "seconds",
	},
	NoVoiceSent: {
		"no-voice-sent", "The other person got nothing of your voice; a firewall or router may keep it in.",
		"packets sent of which the far end got none", "packets",
	},
	VoiceInterrupted: {
		"voice-interrupted", "The other person's voice broke off for seconds; the connection was gone.",
		"time without a packet", "seconds",
	},
	Reordering: {
		"reordering", "The network delivers the voice in the wrong order.",
		"packets that were overtaken", "percent",
	},
	ClockDrift: {
		"clock-drift", "The other end's clock is wrong; telephone calls bear it, faxes and modems may not.",
		"far end's clock is fast by", "ppm",
	},
	WrongCoding: {
		"wrong-coding", "The other end sends voice in a way that was not agreed on.",
		"packets that were not understood", "percent",
	},
	CannotSend: {
		"cannot-send", "This device could not send your voice; it has lost its network.",
		"packets that could not be sent", "percent",
	},
	EchoOfTelephone: {
		"echo-of-telephone", "The other person hears an echo of their own words from your telephone or its wires.",
		"echo is weaker than the voice by", "dB",
	},
	FarTooQuiet: {
		"far-too-quiet", "The other person is very quiet.",
		"level of their speech", "dBm0",
	},
	FarTooLoud: {
		"far-too-loud", "The other person is so loud that the sound is distorted.",
		"level of their speech", "dBm0",
	},
	FarNoise: {
		"far-noise", "There is noise behind the other person or on their line.",
		"level between their words", "dBm0",
	},
	NearTooQuiet: {
		"near-too-quiet", "Your voice is very quiet; look at the telephone and its wires, or raise the gain.",
		"level of your speech", "dBm0",
	},
	NearTooLoud: {
		"near-too-loud", "Your telephone is so loud that the sound is distorted; lower the gain.",
		"level of your speech", "dBm0",
	},
	NearNoise: {
		"near-noise", "There is noise on your telephone line.",
		"level between your words", "dBm0",
	},
	ProcessorStalls: {
		"processor-stalls", "This device was too busy to carry the voice in time.",
		"time that it stood still", "milliseconds",
	},
	HighwayLost: {
		"highway-lost", "The sound hardware of this device stopped.",
		"failures", "times",
	},
	PortAlarm: {
		"port-alarm", "The telephone port had to protect itself; look for a short or too many telephones.",
		"alarms", "times",
	},
	SlowServer: {
		"slow-server", "The telephone server took long to answer.",
		"from dialling to its answer", "seconds",
	},
	ServerRefused: {
		"server-refused", "The telephone server could not or would not make the call.",
		"SIP status", "code",
	},
	WeakRadio: {
		"weak-radio", "The radio link of this device was weak while the voice suffered; move it closer to the access point, or use a cable.",
		"signal while voice was lost or late", "dBm",
	},
}

// String returns the name used in programs, such as "loss-received".
func (c Cause) String() string {
	if c >= causes {
		return fmt.Sprintf("cause %d", uint8(c))
	}
	return abouts[c].name
}

// Names returns the names of all causes.
func Names() []string {
	var names []string
	for _, a := range abouts {
		names = append(names, a.name)
	}
	return names
}

// MarshalText implements encoding.TextMarshaler.
func (c Cause) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (c *Cause) UnmarshalText(text []byte) error {
	for i, a := range abouts {
		if a.name == string(text) {
			*c = Cause(i)
			return nil
		}
	}
	return fmt.Errorf("cause: unknown cause %q", text)
}
