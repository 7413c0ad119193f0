package agent

import (
	"github.com/ata-agent/ata-agent/dsp/callerid"
	"github.com/ata-agent/ata-agent/line"
	"github.com/ata-agent/ata-agent/sip"
	"github.com/ata-agent/ata-agent/slic"
)

// show tells a telephone with a display and a lamp what there is to show.
func (p *port) show() {
	panel, ok := p.chip.(slic.Panel)
	if !ok {
		return
	}
	if s := p.screen(); s != p.shown {
		p.shown = s
		panel.Show(s)
	}
}

var statusTexts = map[line.State]string{
	line.Ringing: "Incoming call", line.Dialing: "Dial", line.Collecting: "Dial", line.Calling: "Calling",
	line.Talking: "Talking", line.Gone: "Call ended", line.Failed: "Call failed",
	line.Howling: "Hang up", line.Locked: "Hang up", line.Reminding: "Call on hold", line.Down: "Out of service",
}

// screen is what a display shows now.
func (p *port) screen() slic.Screen {
	state := p.machine.State()
	s := slic.Screen{Status: statusTexts[state], Messages: p.messages}
	id := p.machine.Call()
	switch {
	case p.machine.Knocking() != 0:
		s.Status, id = "Call waiting", p.machine.Knocking()
	case state == line.Reminding:
		id = p.machine.Held()
	case state == line.Failed && p.tone == line.Busy:
		s.Status = "Busy"
	case state == line.Collecting:
		s.Number = p.keys.typed
	case state == line.Idle && p.config.SIP.Register && p.reg.State != sip.Registered:
		s.Status = "No service"
	}
	if c := p.calls[id]; c != nil {
		s.Number, s.Name = c.party()
	}
	return s
}

// party is number and name of the other end, as far as its privacy allows.
func (c *call) party() (number, name string) {
	switch {
	case !c.incoming:
		return c.number, ""
	case c.caller.Absence == callerid.Withheld:
		return "Withheld", ""
	}
	return c.caller.Number, c.caller.Name
}
