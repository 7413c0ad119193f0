// Package modem reads from ModemManager, over D-Bus, how well a modem hears the
// mobile network.
//
// It tells nothing by which a device, a subscriber or a place could be known:
// ModemManager also answers with the IMEI, IMSI, ICCID and the cell, and none of
// these has a place in a Modem.
package modem

// State is what a modem is doing (ModemManager's MMModemState).
type State string

// states by their number, which begins at -1.
var states = [...]State{
	"failed", "unknown", "initializing", "locked", "disabled", "disabling", "enabling", "enabled",
	"searching", "registered", "disconnecting", "connecting", "connected",
}

// Technology is a generation of mobile networks.
type Technology string

// Technologies.
const (
	GSM  Technology = "gsm"
	UMTS Technology = "umts"
	CDMA Technology = "cdma"
	LTE  Technology = "lte"
	NR   Technology = "5gnr"
)

// Technologies are all there are.
var Technologies = [...]Technology{GSM, UMTS, CDMA, LTE, NR}

// Kind is a figure about the signal (3GPP TS 36.214, TS 38.215).
type Kind string

// Kinds.
const (
	RSSI Kind = "rssi" // all that is received, dBm
	RSRP Kind = "rsrp" // of the reference signal, dBm
	RSRQ Kind = "rsrq" // quality of the reference signal, dB
	SINR Kind = "sinr" // signal to interference and noise, dB
)

// Kinds are all there are.
var Kinds = [...]Kind{RSSI, RSRP, RSRQ, SINR}

// Signal is one figure.
type Signal struct {
	Technology Technology
	Kind       Kind
	Value      float64 // dBm or dB, as Kind says
}

// Modem is how a modem fares. What it does not tell is empty.
type Modem struct {
	State        State
	Technologies []Technology // in use now, in the order of the constants
	Signals      []Signal     // in the order of the constants
	Operator     string       // name of the network, not of the subscriber's own
}

// better reports whether m says more than n about the way calls take: the one
// that is connected, or nearest to it.
func (m Modem) better(n Modem) bool { return m.rank() > n.rank() }

func (m Modem) rank() int {
	for i, s := range states {
		if s == m.State {
			return i
		}
	}
	return -1
}

// States are all states by name.
func States() []string {
	names := make([]string, len(states))
	for i, s := range states {
		names[i] = string(s)
	}
	return names
}
