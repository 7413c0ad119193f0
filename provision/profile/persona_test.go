package profile

import (
	"context"
	"errors"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/jsondoc"
	"github.com/ata-agent/ata-agent/provision/fetch"
)

// Every persona that the configuration may name is there, and no other.
func TestPersonas(t *testing.T) {
	k, ok := jsondoc.Find[config.Config]("/provision/persona")
	if !ok {
		t.Fatal("no key")
	}
	want := k.Enum
	var got []string
	for _, p := range Personas {
		got = append(got, p.Name)
		if Lookup(p.Name).Product != p.Product || !Lookup(p.Name).Is() {
			t.Errorf("%s is not found", p.Name)
		}
	}
	if !slices.Equal(append([]string{"none"}, got...), want) {
		t.Errorf("personas %v, the configuration has %v", got, want)
	}
	if none := Lookup("none"); none.Is() || none.Files("m") != nil || none.UserAgent("1", "m", "s") != "ata-agent/1" {
		t.Errorf("none is %+v", none)
	}
}

// matches are how PBXs tell adapters by the User-Agent: model and MAC address or
// serial number are the groups. The last is for servers that take the last twelve
// characters for the address.
var matches = map[string]struct {
	pattern string
	want    []string
}{
	"ht802":   {`^Grandstream Model HW (\w+)(?:\s+V[^ ]+)? SW [\d.]+ DevId .*(.{12})$`, []string{"HT802", "000e08aabbcc"}},
	"spa112":  {`^Cisco/(\w+)-\S+ (?:\(([\dA-F]{12})\))?\((\w+)\)$`, []string{"SPA112", "000E08AABBCC", "CB1"}},
	"ata192":  {`^Cisco/(\w+)-\S+ (?:\(([\dA-F]{12})\))?\((\w+)\)$`, []string{"ATA192", "000E08AABBCC", "CB1"}},
	"spa2102": {`^Linksys/([\w-]+)-[^\s-]+ \((\w+)\)$`, []string{"SPA2102", "CB1"}},
}

func TestUserAgent(t *testing.T) {
	for name, m := range matches {
		agent := Lookup(name).UserAgent("1.2-rc.3", "000e08aabbcc", "CB-1")
		if got := regexp.MustCompile(m.pattern).FindStringSubmatch(agent); got == nil || !slices.Equal(got[1:], m.want) {
			t.Errorf("%s: %q gives %q, want %q", name, agent, got, m.want)
		}
		if !strings.Contains(strings.ReplaceAll(agent, "_", "-"), "ata-agent/1.2-rc.3") {
			t.Errorf("%q does not say who asks", agent)
		}
	}
	if got := Lookup("spa112").UserAgent("1", "000e08aabbcc", "-"); !strings.HasSuffix(got, "(000E08AABBCC)(000E08AABBCC)") {
		t.Errorf("without a serial number: %s", got)
	}
}

func TestExpand(t *testing.T) {
	for _, tt := range [][3]string{
		{"spa112", "tftp://h/spa$PSN.cfg?$PN-$SWVER", "tftp://h/spa112.cfg?SPA112-1.4.1"},
		{"none", "https://h/{mac}/$PN/$MAU", "https://h/000e08aabbcc/board/000E08AABBCC"},
		{"ht801", "https://h/{MODEL}/", "https://h/HT801/"},
	} {
		if got := Lookup(tt[0]).Expand(device, tt[1]); got != tt[2] {
			t.Errorf("%s: %s, want %s", tt[0], got, tt[2])
		}
	}
}

func TestFilesInOrder(t *testing.T) {
	const folder = "https://pbx.test/Grandstream/"
	files := Lookup("ht802").Files("000e08aabbcc")
	for _, tt := range []struct {
		name, url, there string
		want             []string
	}{
		{"its own", folder, "cfg000e08aabbcc.xml", []string{"cfg000e08aabbcc.xml"}},
		{"the model's", folder, "cfght802.xml", []string{"cfg000e08aabbcc.xml", "cfght802.xml"}},
		{"common", folder, "cfg.xml", []string{"cfg000e08aabbcc.xml", "cfght802.xml", "cfg.xml"}},
		{"text", folder, "cfg000e08aabbcc", []string{"cfg000e08aabbcc.xml", "cfght802.xml", "cfg.xml", "cfg000e08aabbcc"}},
		{"none", folder, "", []string{"cfg000e08aabbcc.xml", "cfght802.xml", "cfg.xml", "cfg000e08aabbcc"}},
		{"a file", folder + "own.xml", "", []string{"own.xml"}},
		{"a query", folder + "?mac=1", "", []string{"?mac=1"}},
	} {
		s := &sites{files: map[string]string{folder + tt.there: "P1=1"}}
		c := &Client{Client: s, Files: files}
		d, err := c.Get(t.Context(), tt.url, fetch.Validator{})
		for i := range tt.want {
			tt.want[i] = folder + tt.want[i]
		}
		if got := s.urls(); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: asked for %q, want %q", tt.name, got, tt.want)
		}
		if there := tt.there != ""; there != (err == nil) {
			t.Errorf("%s: %v", tt.name, err)
		}
		if err == nil {
			if again, err := c.Get(t.Context(), tt.url, d.Validator); err != nil || !again.Unchanged {
				t.Errorf("%s, again: %+v, %v", tt.name, again, err)
			}
		}
	}
	spa := (&Client{Files: Lookup("spa112").Files("000e08aabbcc")}).urls("tftp://h")
	if spa[0] != "tftp://h//spa112.cfg" { // the adapter asks for it with the stroke
		t.Errorf("TFTP: %s", spa[0])
	}
}

// broken is a server that is out of order.
type broken struct{ sites }

func (b *broken) Get(ctx context.Context, url string, have fetch.Validator) (*fetch.Document, error) {
	if strings.Contains(url, "000e08aabbcc") {
		return nil, &fetch.Refusal{Reason: fetch.Busy}
	}
	return b.sites.Get(ctx, url, have)
}

// While a device's own file cannot be had, what is common to all does not take its
// place.
func TestCommonIsNoSubstitute(t *testing.T) {
	b := &broken{sites{files: map[string]string{"https://pbx.test/cfg.xml": "P1=1"}}}
	_, err := (&Client{Client: b, Files: Lookup("ht802").Files("000e08aabbcc")}).Get(t.Context(), "https://pbx.test", fetch.Validator{})
	if r, ok := errors.AsType[*fetch.Refusal](err); !ok || r.Reason != fetch.Busy || len(b.asked) != 0 {
		t.Errorf("%v, asked for %v", err, b.urls())
	}
}
