// Package config is everything that may be set: types, defaults, validation
// that names the place of each fault, and redaction. It reads no files.
package config

import "time"

// Seconds is a duration written as a number of seconds, "…_s" in the document.
type Seconds time.Duration

// Milliseconds is a duration written as a number of milliseconds, "…_ms".
type Milliseconds time.Duration

// Secret is a value that cannot print itself: String, Format, JSON and slog all
// show "***". Reveal is the one way to it.
type Secret struct{ value string }

// Config is the whole document.
type Config struct {
	Schema int    `json:"schema"`
	Lines  []Line `json:"lines"`
	Local  Local  `json:"local"`
	Log    Log    `json:"log"`
}

// Line is one telephone and its account.
type Line struct {
	Enabled   bool      `json:"enabled"`
	Name      string    `json:"name"`
	SIP       SIP       `json:"sip"`
	Codecs    Codecs    `json:"codecs"`
	RTP       RTP       `json:"rtp"`
	QoS       QoS       `json:"qos"`
	DTMF      DTMF      `json:"dtmf"`
	Dial      Dial      `json:"dial"`
	SLIC      SLIC      `json:"slic"`
	Hook      Hook      `json:"hook"`
	Ring      Ring      `json:"ring"`
	Tones     Tones     `json:"tones"`
	Features  Features  `json:"features"`
	Emergency Emergency `json:"emergency"`
}

// SIP is the account of a line.
type SIP struct {
	Registrar               string  `json:"registrar"`      // host or host:port; also the domain unless domain is set
	Domain                  string  `json:"domain"`         // host part of the address of record
	OutboundProxy           string  `json:"outbound_proxy"` // host or host:port
	Transport               string  `json:"transport"`      // udp, tcp
	User                    string  `json:"user"`
	AuthUser                string  `json:"auth_user"`
	Password                Secret  `json:"password"`
	DisplayName             string  `json:"display_name"`
	Register                bool    `json:"register"`
	Expires                 Seconds `json:"expires_s"`
	LocalAddress            string  `json:"local_address"` // empty: the address that routes to the server
	LocalPort               int     `json:"local_port"`    // 0: any
	CallWithoutRegistration bool    `json:"call_without_registration"`
}

// Codecs is the order of preference of "PCMU" and "PCMA"; empty: the country's law first.
type Codecs struct {
	Order []string `json:"order"`
}

// RTP is the voice transport of a line.
type RTP struct {
	PTime     Milliseconds `json:"ptime_ms"`
	PortMin   int          `json:"port_min"`
	PortMax   int          `json:"port_max"`
	Symmetric bool         `json:"symmetric"` // follow the address voice really comes from
	JitterMin Milliseconds `json:"jitter_min_ms"`
	JitterMax Milliseconds `json:"jitter_max_ms"`
}

// QoS is the marking of packets, as DSCP values.
type QoS struct {
	SIP int `json:"sip_dscp"`
	RTP int `json:"rtp_dscp"`
}

// DTMF says how keys pressed during a call travel.
type DTMF struct {
	Methods     []string `json:"methods"` // of "rfc4733", "inband"; the first the far end knows
	PayloadType int      `json:"payload_type"`
}

// Dial is how digits become calls. Empty plan: the country's.
type Dial struct {
	Plan            string  `json:"plan"`
	Syntax          string  `json:"syntax"` // "sipura", "grandstream"
	InterdigitLong  Seconds `json:"interdigit_long_s"`
	InterdigitShort Seconds `json:"interdigit_short_s"`
	FirstDigit      Seconds `json:"first_digit_s"`
	HashDials       bool    `json:"hash_dials"`
}

// SLIC is the analog port.
type SLIC struct {
	Country       string       `json:"country"` // ISO 3166-1 alpha-2
	Impedance     string       `json:"impedance"`
	ToPhoneGain   float64      `json:"rx_gain_db"`
	FromPhoneGain float64      `json:"tx_gain_db"`
	LoopCurrent   float64      `json:"loop_current_ma"`
	OpenLoop      bool         `json:"lcd"` // open loop when the far end has hung up
	OpenLoopTime  Milliseconds `json:"lcd_ms"`
}

// Hook overrides the country's hook timing; 0 keeps it.
type Hook struct {
	Pulse    bool         `json:"pulse"` // accept rotary dialing
	FlashMin Milliseconds `json:"flash_min_ms"`
	FlashMax Milliseconds `json:"flash_max_ms"`
	Flash    string       `json:"flash"` // "local", "network"
}

// Ring is how the telephone rings; zero values keep the country's.
type Ring struct {
	Frequency float64        `json:"freq_hz"`
	Voltage   float64        `json:"voltage_v"` // rms
	Cadence   []Milliseconds `json:"cadence_ms"`
	Timeout   Seconds        `json:"timeout_s"`
}

// Tones changes which tone a failed call plays: SIP status code to tone name.
type Tones struct {
	Causes       map[string]string `json:"causes"`
	ReorderDelay Seconds           `json:"reorder_delay_s"`
}

// Features of calls.
type Features struct {
	CallWaiting bool `json:"call_waiting"`
}

// Emergency numbers in addition to the country's.
type Emergency struct {
	Numbers []string `json:"numbers"`
}

// Local is what listens on this device beside SIP and RTP.
type Local struct {
	Listen string `json:"listen"` // address of the local HTTP listener, empty = none
}

// Log says how much is logged.
type Log struct {
	Level string `json:"level"` // debug, info, warn, error
}
