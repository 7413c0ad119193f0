package doctor

import (
	"fmt"

	"github.com/ata-agent/ata-agent/agent"
	"github.com/ata-agent/ata-agent/line"
	"github.com/ata-agent/ata-agent/sip"
	"github.com/ata-agent/ata-agent/slic"
)

// NotRunning is the finding that no agent answers.
func NotRunning(err error) Finding {
	return Finding{
		"agent", "", Warning, "no agent is running: ports, registrations and wires were not looked at (" + err.Error() + ")",
		"systemctl start ata-agent; journalctl -u ata-agent says why it ended",
	}
}

// Agent checks the state of a running agent.
func Agent(s *agent.Status) []Finding {
	all := (&notes{check: "agent"}).ok("is running")
	n := &notes{check: "clock"}
	if !s.Clock.Running {
		n.add(Fault, "the PCM clock does not run: no line works", remedies[slic.NoClock])
	}
	all = append(all, n.ok("the PCM clock runs")...)
	for i := range s.Lines {
		all = append(all, checkLine(&s.Lines[i])...)
	}
	return all
}

func checkLine(l *agent.LineStatus) []Finding {
	subject := fmt.Sprintf("line %d", l.Line)
	all := port(&notes{check: "port", subject: subject}, l)
	all = append(all, hook(&notes{check: "hook", subject: subject}, l)...)
	if l.Registers {
		all = append(all, registration(&notes{check: "registration", subject: subject}, l)...)
	}
	if l.LineTest != nil {
		all = append(all, wires(&notes{check: "wires", subject: subject}, l.LineTest)...)
	}
	if l.LostEvents > 0 {
		all = append(all, Finding{"events", subject, Warning, fmt.Sprintf("%d events were lost: the computer was too slow", l.LostEvents), "look what else runs on it"})
	}
	return all
}

// remedies are what to do about the troubles of a port.
var remedies = map[slic.Trouble]string{
	slic.NoClock:          "look at the sound card's overlay; measure the bit clock at the chip's PCLK pin and the frame clock at FSYNC",
	slic.NoDevice:         "the text names the bus or pin: load the board's overlay, compare the board file with the wiring, see what else uses the pin with gpioinfo",
	slic.BusFault:         "look at the SPI overlay and the driver's messages in dmesg",
	slic.NoAnswer:         "look at the chip's supply of 3.3 V, RESET, SCLK, SDI, SDO, CS and PCLK; all registers at 0xff or 0x00 mean that SDO is not driven",
	slic.WrongChip:        "compare lines[].slic of the board file with what is printed on the chip; a wrong figure now and then is a bad SPI wire or too fast a bus clock",
	slic.BadRegisters:     "lower lines[].spi.max_hz, shorten the wires of the bus, look at the chip's supply",
	slic.NoSupply:         "unplug the telephone line; if it stays, measure the converter: transistor, diode, inductor and fuse of the line's supply, and dcdc of the board file",
	slic.SupplyLeak:       "the supply drains with the line open: look for a short or a damp spot between VBAT and ground, a leaking capacitor, a broken line-feed transistor",
	slic.Uncalibrated:     "unplug the telephone line and start again; if it stays, look at the line-feed parts and at dcdc.linefeed_ic of the board file",
	slic.Overload:         "unplug the telephone line; if it works then, the fault is in the cable or a telephone: ata-agent linetest says more",
	slic.SpontaneousReset: "look at the chip's supply and its RESET wire for disturbance; ports that share RESET must not be started apart",
}

func port(n *notes, l *agent.LineStatus) []Finding {
	switch {
	case !l.PortUp && l.PortError == "":
		n.add(Warning, "the port is starting", "wait for some seconds and ask again")
	case !l.PortUp:
		n.add(Fault, "the port is out of service: "+l.PortError, remedies[l.Trouble])
	case l.PortError != "":
		n.add(Warning, "the port is recovering: "+l.PortError, remedies[l.Trouble])
	}
	return n.ok("the port works")
}

func hook(n *notes, l *agent.LineStatus) []Finding {
	if l.State == line.Howling.String() || l.State == line.Locked.String() {
		n.add(Warning, "the telephone has been off hook for too long", fmt.Sprintf("put the receiver down; if it is down, ata-agent linetest %d tells a telephone from a short", l.Line))
	}
	return n.ok("is where it should be")
}

// refusals are what a registrar's answers mean (RFC 3261 §21).
var refusals = map[int]string{
	401: "user name or password is wrong: sip.user, sip.auth_user, sip.password",
	403: "the provider refuses the account: is it in use elsewhere, blocked, or the password wrong?",
	404: "the registrar does not know the user: sip.user",
	407: "user name or password is wrong: sip.user, sip.auth_user, sip.password",
	408: "the registrar does not answer: is the address right, does a firewall drop UDP or TCP port 5060?",
	423: "the registrar wants a longer registration: sip.expires_s",
	480: "the registrar is overloaded or being maintained: wait",
	503: "the registrar is overloaded or being maintained: wait",
}

// secrecyRemedies are what to do when there is no connection over TLS.
var secrecyRemedies = map[sip.Trouble]string{
	sip.Untrusted:     "the provider's authority belongs into sip.tls.ca_file, if it is not one of the system's; if it should be, somebody else answers in the server's place",
	sip.WrongName:     "sip.registrar or sip.outbound_proxy must be the name that the server's certificate is for, not another one or an address",
	sip.Expired:       "look at the clock of this device (timedatectl); if it is right, the provider must renew the server's certificate",
	sip.Unfit:         "the provider must put the server's certificate right",
	sip.NotTLS:        "look at the port in sip.registrar or sip.outbound_proxy: TLS has 5061, and the server must offer it",
	sip.TurnedAway:    "look at sip.tls.cert_file: the server wants a certificate of this device that it knows, or a newer version of TLS than there is",
	sip.NoCertificate: "look at the files that sip.tls names, and whether the service may read them",
}

func registration(n *notes, l *agent.LineStatus) []Finding {
	if l.Registration == sip.Registered.String() {
		return n.ok("registered at " + l.Server + " over " + l.Transport)
	}
	text := "not registered"
	if l.Code != 0 {
		text = fmt.Sprintf("not registered: %d %s", l.Code, l.Reason)
	} else if l.Reason != "" {
		text = "not registered: " + l.Reason
	}
	remedy := refusals[l.Code]
	if l.SIPTrouble != "" {
		remedy = secrecyRemedies[l.SIPTrouble]
	}
	if remedy == "" {
		remedy = "look at sip.registrar and sip.outbound_proxy, the name server and the network"
	}
	n.add(Fault, text, remedy)
	return n.all
}

func wires(n *notes, r *slic.TestReport) []Finding {
	for _, t := range r.Results {
		if t.Verdict == slic.Failed {
			n.add(Fault, t.Text, wireRemedies[t.Test])
		}
	}
	return n.ok("the last line test found no fault")
}

var wireRemedies = map[slic.Test]string{
	slic.HazardousPotential: "danger: do not touch the wires; unplug them from the device and find where they meet the mains or another line",
	slic.ForeignEMF:         "the wires are connected to another line or exchange: take the house wiring off that one",
	slic.ResistiveFaults:    "unplug the telephones one by one and test again; if it stays, the cable or a socket is damp or squeezed",
	slic.ReceiverOffHook:    "put the receiver down",
	slic.RingerEquivalence:  "too many ringers: unplug one; none: is the telephone plugged in, is the cable whole, has it a bell of its own?",
}
