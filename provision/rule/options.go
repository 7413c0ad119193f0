package rule

import (
	"slices"

	"github.com/ata-agent/ata-agent/jsondoc"
	"github.com/ata-agent/ata-agent/provision/macro"
)

// options are those in front of a URL, by name.
type options map[string]string

// withValue are the options that take one.
var withValue = []string{"--key", "--uid", "--pwd", "--post", "--alias"}

func (o options) request(url string, names, withSecrets macro.Names) *Request {
	_, report := o["--report"]
	return &Request{
		URL: url, Report: report,
		User:     withSecrets.Expand(o["--uid"]),
		Password: jsondoc.NewSecret(withSecrets.Expand(o["--pwd"])),
		Key:      jsondoc.NewSecret(withSecrets.Expand(o["--key"])),
		Post:     names.Expand(o["--post"]),
		Alias:    names.Expand(o["--alias"]),
	}
}

// options reads what stands in brackets in front of a URL.
func (p *parser) options() options {
	o := options{}
	for !p.accept(']') {
		name := p.word(" \t]")
		switch {
		case p.err != nil:
			return nil
		case name == "--report":
			o[name] = ""
		case slices.Contains(withValue, name):
			o[name] = p.optionValue()
		default:
			p.pos -= len(name)
			p.want("an option: --key, --uid, --pwd, --post, --alias or --report")
		}
	}
	return o
}

func (p *parser) optionValue() string {
	if p.peek() == '"' {
		return p.quoted()
	}
	return p.word(" \t]")
}
