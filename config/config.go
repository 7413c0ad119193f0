// Package config is everything that may be set: types, defaults, validation
// that names the place of each fault, and redaction. It reads no files.
//
// A key is described in one place, the tags of its field: json is its name,
// default its value when the document does not have it, range or enum what it
// may be, doc its purpose. Parsing, error messages, the JSON Schema and the
// reference in docs/config.md all come from there. Two tags are this package's
// own and hold for all keys of a section that do not say otherwise: reload says
// what a change interrupts ([Class]), owner:"true" lets the owner of the device
// set the key ([Layer]).
package config

// Config is the whole document.
type Config struct {
	Schema      int    `json:"schema" default:"1" range:"1..1" reload:"live" doc:"Version of this document's form."`
	Generation  int    `json:"generation" default:"0" range:"0..2147483647" reload:"live" doc:"Counts up with every change at the server; an older document is refused. 0: not counted."`
	Device      string `json:"device" range:"0..64" reload:"live" doc:"Serial number or MAC address of the device this document is for. Empty: any."`
	Tenant      string `json:"tenant" range:"0..64" reload:"live" doc:"Whose device it is, in the server's words."`
	Issued      string `json:"issued" range:"0..40" reload:"live" doc:"When the server made this document, RFC 3339."`
	Deprovision bool   `json:"deprovision" default:"false" reload:"live" doc:"Ends the account: the device forgets everything, for good. Of the server's document alone, which must then be signed, name the device and have a higher generation than the one in force."`

	Provision Provision `json:"provision" reload:"live" doc:"Where the configuration comes from."`
	Lines     []Line    `json:"lines" range:"1..8" reload:"line" doc:"One entry per telephone port, in the order of the ports."`
	Log       Log       `json:"log" reload:"live" doc:"What is written to the log."`

	Privacy   Privacy   `json:"privacy" reload:"live" doc:"What the operator asks to be told; the owner decides."`
	Telemetry Telemetry `json:"telemetry" reload:"live" doc:"To whom it is told."`
}

// Line is one telephone and its account.
type Line struct {
	Enabled   bool      `json:"enabled" default:"true" doc:"Whether the port is in service."`
	Name      string    `json:"name" range:"0..32" reload:"live" owner:"true" doc:"Name of the telephone in status and logs."`
	SIP       SIP       `json:"sip" doc:"The account at the provider."`
	Codecs    Codecs    `json:"codecs" doc:"Coding of the voice."`
	RTP       RTP       `json:"rtp" doc:"Transport of the voice."`
	QoS       QoS       `json:"qos" doc:"Marking of packets for the network."`
	DSP       DSP       `json:"dsp" reload:"live" doc:"What is done to the voice."`
	Fax       Fax       `json:"fax" doc:"Faxes, modems, alarms and text telephones on the telephone line."`
	DTMF      DTMF      `json:"dtmf" doc:"How keys pressed during a call travel."`
	Dial      Dial      `json:"dial" reload:"live" doc:"How digits become calls."`
	SLIC      SLIC      `json:"slic" doc:"The analog port."`
	Hook      Hook      `json:"hook" reload:"live" doc:"How the hook switch is read."`
	Ring      Ring      `json:"ring" reload:"live" doc:"How the telephone rings."`
	Tones     Tones     `json:"tones" reload:"live" doc:"What the caller hears when a call fails or ends."`
	CallerID  CallerID  `json:"callerid" reload:"live" doc:"How the telephone is told who calls."`
	Features  Features  `json:"features" reload:"live" owner:"true" doc:"Features of calls."`
	Emergency Emergency `json:"emergency" reload:"live" doc:"Numbers that are always free to dial."`
}

// SIP is the account of a line.
type SIP struct {
	Registrar     string  `json:"registrar" range:"0..255" doc:"Server to register with: host or host:port."`
	Domain        string  `json:"domain" range:"0..255" doc:"Host part of the address of record. Empty: the registrar's host."`
	OutboundProxy string  `json:"outbound_proxy" range:"0..255" doc:"Server that gets every request: host or host:port. Empty: none."`
	Transport     string  `json:"transport" default:"udp" enum:"udp,tcp,tls" doc:"Transport of SIP. With tls nobody on the way can read or change it; the server must show a certificate for the name it has here, which is always checked."`
	User          string  `json:"user" range:"0..128" doc:"User part of the address of record, often the telephone number."`
	AuthUser      string  `json:"auth_user" range:"0..128" doc:"User name for the challenge. Empty: the same as user."`
	Password      Secret  `json:"password" range:"0..256" doc:"Password for the challenge."`
	DisplayName   string  `json:"display_name" range:"0..64" doc:"Name shown to the called party."`
	Register      bool    `json:"register" default:"true" doc:"Whether to register; false for a server that knows the address."`
	Expires       Seconds `json:"expires_s" default:"3600" range:"60..86400" doc:"How long a registration is asked to last."`

	TLS TLSFiles `json:"tls" doc:"Certificates of the transport tls."`

	LocalAddress            string   `json:"local_address" range:"0..64" reload:"box" doc:"Local IP address for SIP and RTP. Empty: the one that routes to the server."`
	LocalPort               int      `json:"local_port" default:"0" range:"0..65535" reload:"box" doc:"Local SIP port. 0: any free one."`
	CallWithoutRegistration bool     `json:"call_without_registration" default:"false" doc:"Whether calls may be made while not registered. Emergency calls always may."`
	TrustedPeers            []string `json:"trusted_peers" range:"0..32" each:"2..64" doc:"Addresses that may send calls besides the registrar and the proxy: IP, or IP:port."`
	StatsInBye              bool     `json:"stats_in_bye" default:"false" reload:"live" doc:"Tell the far end at the end of each call how its voice fared here, in the header P-RTP-Stat."`
	StartSpread             Seconds  `json:"start_spread_s" default:"0" range:"0..300" doc:"The first registration after power-up waits a random time up to this, so that a fleet does not register at once."`
}

// Codecs is the coding of the voice.
type Codecs struct {
	Order []string `json:"order" enum:"PCMU,PCMA" range:"0..2" doc:"Order of preference. Empty: the country's law first, then the other."`
}

// RTP is the transport of the voice.
type RTP struct {
	PTime       Milliseconds `json:"ptime_ms" default:"20" range:"10..60" step:"10" doc:"Voice in one packet."`
	PortMin     int          `json:"port_min" default:"16384" range:"1024..65534" reload:"box" doc:"Lowest port for RTP."`
	PortMax     int          `json:"port_max" default:"32767" range:"1025..65535" reload:"box" doc:"Highest port for RTP and RTCP."`
	Symmetric   bool         `json:"symmetric" default:"true" reload:"live" doc:"Follow the address that voice really comes from, for far ends behind NAT."`
	SRTP        string       `json:"srtp" default:"auto" enum:"auto,off,optional,required" doc:"Whether the voice is encrypted, with keys in the session description: optional, if the far end can; required, or there is no call, but for emergency calls. auto is optional where sip.transport is tls and off elsewhere, for keys that travel in the open are worthless."`
	JitterMode  string       `json:"jitter_mode" default:"adaptive" enum:"adaptive,fixed" reload:"live" doc:"Whether the delay of the jitter buffer follows the network."`
	JitterMin   Milliseconds `json:"jitter_min_ms" default:"10" range:"0..200" reload:"live" doc:"Least delay of the jitter buffer."`
	JitterMax   Milliseconds `json:"jitter_max_ms" default:"200" range:"20..500" reload:"live" doc:"Greatest delay of the jitter buffer."`
	JitterFixed Milliseconds `json:"jitter_fixed_ms" default:"60" range:"20..300" reload:"live" doc:"Delay of the jitter buffer in mode fixed, between the least and the greatest."`
}

// QoS is the marking of packets.
type QoS struct {
	SIP int `json:"sip_dscp" default:"24" range:"0..63" doc:"DSCP of SIP packets; 24 is CS3."`
	RTP int `json:"rtp_dscp" default:"46" range:"0..63" reload:"live" doc:"DSCP of voice packets; 46 is EF."`
}

// DSP is what is done to the voice.
type DSP struct {
	EchoCanceller bool         `json:"lec" default:"true" reload:"live" doc:"Keep the echo of the telephone line from the far end."`
	EchoTail      Milliseconds `json:"lec_tail_ms" default:"32" range:"8..128" step:"8" reload:"live" doc:"Longest echo to cancel. The telephone line itself needs 16; more is for networks behind the port."`
	HighPass      bool         `json:"high_pass" default:"true" reload:"live" doc:"Keep offset and hum of the telephone line, 50 and 60 Hz, from the far end."`
	ComfortNoise  bool         `json:"cng" default:"false" reload:"line" doc:"Send comfort noise in place of pauses where the far end knows it (RFC 3389). Saves half the traffic and costs some naturalness."`
}

// Fax says how the line carries data of faxes and modems.
type Fax struct {
	Mode   string       `json:"mode" default:"auto" enum:"auto,off,always" doc:"When voice is treated as data: from the tone of a fax, modem or text telephone until both ends are silent, never, or in every call, for a line that serves a fax, an alarm or a modem alone."`
	Jitter Milliseconds `json:"jitter_ms" default:"100" range:"40..300" reload:"live" doc:"Delay of the jitter buffer for data. It is fixed."`
}

// DTMF says how keys pressed during a call travel.
type DTMF struct {
	Methods []string `json:"methods" default:"rfc4733,inband" enum:"rfc4733,inband" range:"1..2" doc:"In order of preference; the first that the far end knows is used."`
}

// Dial says how digits become calls.
type Dial struct {
	Plan            string  `json:"plan" range:"0..2048" doc:"Digit map. Empty: the country's."`
	Syntax          string  `json:"syntax" default:"sipura" enum:"sipura,grandstream" doc:"Grammar of the digit map."`
	FirstDigit      Seconds `json:"first_digit_s" default:"16" range:"1..120" owner:"true" doc:"How long dial tone lasts without a digit."`
	InterdigitLong  Seconds `json:"interdigit_long_s" default:"0" range:"0..60" owner:"true" doc:"Wait for another digit while the number is not complete. 0: the digit map's, 10 unless it says otherwise."`
	InterdigitShort Seconds `json:"interdigit_short_s" default:"0" range:"0..60" owner:"true" doc:"Wait for another digit when the number is complete but may grow. 0: the digit map's, 3 unless it says otherwise."`
	HashDials       bool    `json:"hash_dials" default:"true" doc:"Whether # sends a number that is complete but may grow."`
}

// SLIC is the analog port.
type SLIC struct {
	Country       string       `json:"country" default:"US" range:"2..2" doc:"Country of the telephone, ISO 3166-1 alpha-2: tones, ringing, timing, law."`
	Impedance     string       `json:"impedance" range:"0..32" doc:"Two-wire impedance. Empty: the country's."`
	ToPhoneGain   float64      `json:"rx_gain_db" default:"0" range:"-12..6" step:"0.5" reload:"live" owner:"true" doc:"Gain from the network to the telephone."`
	FromPhoneGain float64      `json:"tx_gain_db" default:"0" range:"-12..6" step:"0.5" reload:"live" owner:"true" doc:"Gain from the telephone to the network."`
	LoopCurrent   float64      `json:"loop_current_ma" default:"23" range:"18..41" reload:"live" doc:"Limit of the loop current."`
	OpenLoop      bool         `json:"lcd" default:"true" reload:"live" doc:"Open the loop for a moment when the far end has hung up, so that answering machines notice."`
	OpenLoopTime  Milliseconds `json:"lcd_ms" default:"0" range:"0..2000" reload:"live" doc:"How long. 0: the country's time."`
}

// Hook says how the hook switch is read.
type Hook struct {
	Pulse    bool         `json:"pulse" default:"true" owner:"true" doc:"Whether a rotary dial works."`
	FlashMin Milliseconds `json:"flash_min_ms" default:"0" range:"0..2000" doc:"Shortest hook flash. 0: the country's."`
	FlashMax Milliseconds `json:"flash_max_ms" default:"0" range:"0..2000" doc:"Longest hook flash; a longer break hangs up. 0: the country's."`
	Flash    string       `json:"flash" default:"local" enum:"local,network" doc:"Whether a flash holds and swaps calls here, or is sent to the network."`
}

// Ring says how the telephone rings.
type Ring struct {
	Frequency float64        `json:"freq_hz" default:"0" range:"0..70" doc:"Ringing frequency. 0: the country's."`
	Voltage   float64        `json:"voltage_v" default:"0" range:"0..65" doc:"Ringing voltage, rms without load. 0: the port's default."`
	Cadence   []Milliseconds `json:"cadence_ms" range:"0..16" each:"10..20000" owner:"true" doc:"On, off, … repeated. Empty: the country's."`
	Timeout   Seconds        `json:"timeout_s" default:"120" range:"10..600" owner:"true" doc:"An unanswered call is refused after this."`
}

// Tones says what the caller hears when a call fails or ends.
type Tones struct {
	Causes       map[string]string `json:"causes" range:"0..100" enum:"silence,busy,reorder,vacant-code,no-circuit" doc:"Tone for a SIP status code, in place of the built-in table."`
	BusyHangup   bool              `json:"busy_hangup" default:"false" doc:"End an answered call when the far end plays the country's busy or congestion tone: for gateways to the public network that do not signal its end."`
	ReorderDelay Seconds           `json:"reorder_delay_s" default:"5" range:"0..255" owner:"true" doc:"Silence between the far end's hang-up and reorder tone."`
}

// CallerID says how the telephone is told who calls.
type CallerID struct {
	Enabled bool   `json:"enabled" default:"true" owner:"true" doc:"Whether it is told number and name, and whether messages wait."`
	Scheme  string `json:"scheme" reload:"line" owner:"true" enum:",bellcore,bellcore-sdmf,etsi-fsk,etsi-fsk-alert,etsi-fsk-reversal,etsi-fsk-pulse,sin227,ntt,dtmf-ac,dtmf-reversal-ac,dtmf-ahash,dtmf-dc,dtmf-hash" doc:"In which way. Empty: the country's; for a telephone that was bought elsewhere."`
}

// Features of calls.
type Features struct {
	CallWaiting bool `json:"call_waiting" default:"true" doc:"Whether a second call may knock during a call."`
}

// Emergency numbers.
type Emergency struct {
	Numbers []string `json:"numbers" range:"0..32" each:"1..32" doc:"Numbers in addition to the country's."`
}

// Log says what is written to the log.
type Log struct {
	Level string `json:"level" default:"info" enum:"debug,info,warn,error" doc:"Least severity that is written."`
}
