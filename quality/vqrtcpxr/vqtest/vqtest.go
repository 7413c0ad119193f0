// Package vqtest reads voice quality reports as strictly as the grammar of
// RFC 6035 §4.6.1 has them, for tests of what is written. It shares no code with
// the writer.
package vqtest

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Report is a report that was read.
type Report struct {
	First   string            // its first line
	Session map[string]string // lines before the metrics, by name, and DialogID
	Local   map[string]string // figures by name, such as "NLR"; also START, STOP and PD
	Remote  map[string]string // nil: there are none
}

// number returns a figure of a stream.
func number(figures map[string]string, name string) (float64, error) {
	text, ok := figures[name]
	if !ok {
		return 0, fmt.Errorf("vqtest: there is no %s", name)
	}
	return strconv.ParseFloat(text, 64)
}

// LocalNumber returns a figure of what was heard here.
func (r *Report) LocalNumber(name string) (float64, error) { return number(r.Local, name) }

// RemoteNumber returns a figure of what was heard at the far end.
func (r *Report) RemoteNumber(name string) (float64, error) { return number(r.Remote, name) }

const (
	times   = `\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`
	wordRun = "[A-Za-z0-9.!%*_+`'~()<>:\\\\\"/\\[\\]?{}-]+"
	tokens  = "[A-Za-z0-9.!%*_+`'~-]+"
	percent = `\d{1,3}(\.\d{1,2})?`
	party   = `<sip:[A-Za-z0-9._!~*'()&=+$,%-]+@(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(:\d+)?>`
	address = `IP=(\d{1,3}(\.\d{1,3}){3}|[0-9a-f:.]*:[0-9a-f:.]*) PORT=\d+ SSRC=0x[0-9A-Fa-f]{1,8}`
)

// rule is a line: its name and the grammar of what follows the colon.
type rule struct {
	name     string
	value    *regexp.Regexp
	optional bool
}

func must(name, value string) rule { return rule{name, regexp.MustCompile(`^(` + value + `)$`), false} }

func may(name, value string) rule {
	r := must(name, value)
	r.optional = true
	return r
}

var session = []rule{
	must("CallID", wordRun+`(@`+wordRun+`)?`),
	must("LocalID", party),
	must("RemoteID", party),
	must("OrigID", party),
	must("LocalAddr", address),
	must("RemoteAddr", address),
	must("LocalGroup", wordRun+`(@`+wordRun+`)?`),
	must("RemoteGroup", wordRun+`(@`+wordRun+`)?`),
}

var metrics = []rule{
	must("Timestamps", `START=`+times+` STOP=`+times),
	may("SessionDesc", list(`PT=\d{1,3}`, `PD=`+tokens, `SR=\d{1,6}`, `FD=\d{1,4}`, `FO=\d{1,5}`, `FPP=\d{1,2}`, `PPS=\d{1,5}`, `PLC=[0-3]`, `SSUP=(on|off)`)),
	may("JitterBuffer", list(`JBA=\d`, `JBR=\d{1,2}`, `JBN=\d{1,5}`, `JBM=\d{1,5}`, `JBX=\d{1,5}`)),
	may("PacketLoss", list(`NLR=`+percent, `JDR=`+percent)),
	may("BurstGapLoss", list(`BLD=`+percent, `BD=\d{1,5}`, `GLD=`+percent, `GD=\d{1,5}`, `GMIN=\d{1,3}`)),
	may("Delay", list(`RTD=\d{1,5}`, `ESD=\d{1,5}`, `OWD=\d{1,5}`, `SOWD=\d{1,5}`, `IAJ=\d{1,5}`, `MAJ=\d{1,5}`)),
	may("Signal", list(`SL=-?\d{1,2}`, `NL=-?\d{1,2}`, `RERL=\d{1,2}`)),
	may("QualityEst", list(`RLQ=\d{1,2}`, `RCQ=\d{1,2}`, `MOSLQ=[0-4](\.\d{1,3})?`, `MOSCQ=[0-4](\.\d{1,3})?`)),
}

// list is the grammar of some of several parts in their order, one at least.
func list(parts ...string) string {
	return `((^| )(` + strings.Join(parts, `|`) + `))+`
}

var dialog = []rule{may("DialogID", wordRun+`(@`+wordRun+`)?;to-tag=`+tokens+`;from-tag=`+tokens)}

var firstLine = regexp.MustCompile(`^(VQSessionReport: CallTerm|VQIntervalReport|VQAlertReport: Type=[A-Z]+ Severity=(Warning|Critical|Clear) Dir=(local|remote))$`)

// Parse reads a report, or says which line is not as the grammar has it.
func Parse(body []byte) (*Report, error) {
	text, whole := strings.CutSuffix(string(body), "\r\n")
	if !whole {
		return nil, fmt.Errorf("vqtest: the last line does not end")
	}
	p := &parser{lines: strings.Split(text, "\r\n")}
	r := &Report{First: p.peek(), Session: map[string]string{}}
	if !firstLine.MatchString(r.First) {
		return nil, fmt.Errorf("vqtest: no report begins %q", r.First)
	}
	p.next++
	p.section(session, func(name, value string) { r.Session[name] = value })
	r.Local = p.metrics("LocalMetrics:")
	if p.peek() == "RemoteMetrics:" {
		r.Remote = p.metrics("RemoteMetrics:")
	}
	p.section(dialog, func(name, value string) { r.Session[name] = value })
	if p.err == nil && p.next != len(p.lines) {
		p.err = fmt.Errorf("vqtest: line %d: %q has no place", p.next+1, p.peek())
	}
	return r, p.err
}

type parser struct {
	lines []string
	next  int
	err   error
}

func (p *parser) peek() string {
	if p.next < len(p.lines) {
		return p.lines[p.next]
	}
	return ""
}

// section takes the lines of some rules in their order.
func (p *parser) section(rules []rule, take func(name, value string)) {
	for _, rule := range rules {
		value, is := strings.CutPrefix(p.peek(), rule.name+": ")
		switch {
		case p.err != nil, !is && rule.optional:
			continue
		case !is:
			p.err = fmt.Errorf("vqtest: line %d: %q, want %s", p.next+1, p.peek(), rule.name)
			continue
		case !rule.value.MatchString(value):
			p.err = fmt.Errorf("vqtest: line %d: %q is not %s", p.next+1, value, rule.name)
		}
		p.next++
		take(rule.name, value)
	}
}

// metrics takes the figures of one stream. A figure told twice, or out of order,
// is a fault.
func (p *parser) metrics(head string) map[string]string {
	if p.peek() != head && p.err == nil {
		p.err = fmt.Errorf("vqtest: line %d: %q, want %s", p.next+1, p.peek(), head)
	}
	p.next++
	figures := map[string]string{}
	p.section(metrics, func(line, value string) {
		last := -1
		for _, pair := range strings.Fields(value) {
			name, v, _ := strings.Cut(pair, "=")
			at := strings.Index(ruleOf(line), name+"=")
			if _, twice := figures[name]; twice || at < last {
				p.err = fmt.Errorf("vqtest: %s: %s twice or out of order", line, name)
			}
			figures[name], last = v, at
		}
	})
	return figures
}

func ruleOf(name string) string {
	for _, r := range metrics {
		if r.name == name {
			return r.value.String()
		}
	}
	return ""
}
