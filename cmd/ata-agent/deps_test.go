package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/ata-agent/ata-agent/"

// mayImport says which packages of this module a package may import
// (docs/architecture.md). A package not listed may import none; a name that
// ends in /… allows everything below. Tests may import more.
var mayImport = map[string][]string{
	"dsp":      {},
	"dsp/g711": {"dsp"},
	"dsp/tone": {"dsp"},
	"dsp/dtmf": {"dsp", "dsp/tone"},
	"dsp/plc":  {"dsp", "dsp/pitch"},
	"dsp/fft":  {},
	"dsp/pcm":  {"dsp"},

	"dsp/pitch":   {},
	"dsp/stretch": {"dsp", "dsp/pitch"},

	"dsp/faxtone": {"dsp"},
	"dsp/vad":     {"dsp"},

	"dsp/progress": {"dsp", "dsp/tone"},

	"dsp/echo":      {"dsp", "dsp/fft"},
	"dsp/echo/g168": {"dsp"},

	"dsp/callerid": {"dsp", "dsp/dtmf", "dsp/tone"},

	"dsp/compare": {"dsp"},
	"dsp/dsptest": {"dsp"},
	"dialplan":    {},
	"quality":     {},

	"quality/cause": {"quality"},

	"quality/vqrtcpxr":        {"quality"},
	"quality/vqrtcpxr/vqtest": {},

	"slic":    {},
	"country": {"dsp/…", "slic"},
	"line":    {"country", "dialplan", "dsp/callerid", "slic"},
	"jsondoc": {},
	"config":  {"country", "dialplan", "dsp/…", "jsondoc", "slic"},
	"hal":     {},
	"state":   {},
	"privacy": {"state"},

	"tlsfiles": {"config"},

	"privacy/privacytest": {"privacy", "state"},
	"state/tpm":           {"state"},

	"config/yaml": {"config", "jsondoc"},

	"hal/contact":       {"hal"},
	"hal/keypad":        {},
	"hal/keypad/model":  {"hal/gpio/model"},
	"hal/gpio":          {"hal"},
	"hal/gpio/model":    {"hal"},
	"hal/alsa":          {"hal", "hal/alsa/abi", "dsp/g711"},
	"hal/alsa/abi":      {},
	"hal/alsa/model":    {"hal", "hal/alsa/abi"},
	"hal/ssd1306":       {},
	"hal/ssd1306/model": {"hal/ssd1306"},
	"hal/led":           {},
	"hal/button":        {"hal"},
	"hal/pwm":           {},
	"hal/watchdog":      {},

	"line/script": {"line", "slic"},

	"slic/driver":       {"slic"},
	"slic/twowire":      {},
	"slic/slictest":     {"slic", "slic/twowire"},
	"slic/si321x":       {"slic", "slic/driver", "hal", "hal/contact"},
	"slic/si321x/model": {"slic/twowire", "hal", "hal/gpio/model", "dsp", "dsp/g711"},

	"slic/gpioslic":       {"slic", "slic/driver", "hal", "hal/contact"},
	"slic/gpioslic/model": {"slic/twowire", "hal", "hal/gpio/model", "dsp"},

	"slic/codec":       {"slic", "slic/driver", "hal/contact"},
	"slic/codec/model": {"slic/twowire", "hal/gpio/model"},

	"slic/handset":       {"slic", "slic/driver", "hal", "hal/contact", "hal/keypad", "dsp", "dsp/tone"},
	"slic/handset/model": {"hal", "hal/gpio/model", "hal/keypad/model", "dsp"},

	"media":       {"dsp/…", "quality", "sdes"},
	"sdes":        {},
	"sip":         {"sdes", "sip/sdp", "sip/digest", "sip/locate"},
	"sip/sdp":     {},
	"sip/digest":  {},
	"sip/locate":  {},
	"sip/siptest": {"sip/sdp", "sip/digest"},

	"media/mediatest": {},

	"agent": {"config", "country", "dialplan", "dsp/…", "hal", "line", "line/script", "media", "quality", "quality/cause", "sdes", "sip", "slic", "tlsfiles"},

	"telemetry":          {"agent", "config", "media", "privacy", "quality", "quality/vqrtcpxr", "sip", "slic", "state", "telemetry/…", "tlsfiles"},
	"telemetry/queue":    {"state"},
	"telemetry/receiver": {"config", "privacy"},
	"telemetry/otlp":     {"privacy", "telemetry/receiver"},
	"telemetry/mqtt":     {"config", "privacy", "telemetry/receiver"},
	"telemetry/syslog":   {"privacy"},
	"telemetry/promtext": {"privacy"},
	"telemetry/hep":      {},
	"telemetry/pcapng":   {},
	"telemetry/modem":    {},

	"panel":     {"hal", "hal/button", "hal/led"},
	"factory":   {"dsp", "dsp/dtmf", "dsp/tone", "hal", "hal/button", "hal/led", "panel", "slic"},
	"doctor":    {"agent", "board", "config", "jsondoc", "line", "sip", "slic", "tlsfiles"},
	"board":     {"country", "dsp", "hal/…", "jsondoc", "panel", "slic/…"},
	"provision": {"config", "provision/…", "state"},

	"provision/fetch":               {"config", "sip/digest"},
	"provision/sign":                {},
	"provision/foreign/foreigntest": {"config", "provision/foreign"},

	"provision/crypt":       {},
	"provision/macro":       {},
	"provision/rule":        {"jsondoc", "provision/macro"},
	"provision/foreign":     {"config"},
	"provision/cisco":       {"dialplan", "provision/foreign", "slic"},
	"provision/grandstream": {"dialplan", "provision/foreign"},
	"provision/importer":    {"provision/cisco", "provision/crypt", "provision/foreign", "provision/grandstream"},

	"provision/profile": {
		"config", "provision", "provision/cisco", "provision/crypt", "provision/fetch", "provision/foreign", "provision/importer",
		"provision/macro", "provision/rule",
	},

	"provision/discover": {},
	"provision/push":     {"config"},

	"sim": {"agent", "country", "dsp/…", "hal", "hal/keypad", "hal/ssd1306/…", "slic/…"},

	"fleet":         {"agent", "config", "provision", "provision/fetch", "sip", "state"},
	"cmd/ata-agent": {"…"},
}

// only says that a module outside may be imported by these packages alone.
var only = map[string][]string{
	"github.com/emiago/sipgo":        {"sip", "sip/siptest"},
	"github.com/eclipse/paho.golang": {"provision/push", "telemetry/mqtt"},
}

func TestImports(t *testing.T) {
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") && path != root) {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		rel, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		checkFile(t, filepath.ToSlash(rel), path)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func checkFile(t *testing.T, pkg, path string) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasPrefix(pkg, "test/") {
		return
	}
	allowed, listed := mayImport[pkg]
	if !listed {
		t.Errorf("%s: package %s is not in the import map", path, pkg)
	}
	for _, spec := range f.Imports {
		name, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		if own, ok := strings.CutPrefix(name, module); ok {
			if !slices.ContainsFunc(allowed, func(a string) bool { return covers(a, own) }) {
				t.Errorf("%s: %s must not import %s", path, pkg, own)
			}
			continue
		}
		for mod, users := range only {
			if (name == mod || strings.HasPrefix(name, mod+"/")) && !slices.Contains(users, pkg) {
				t.Errorf("%s: %s must not import %s", path, pkg, name)
			}
		}
	}
}

func covers(allowed, pkg string) bool {
	if below, ok := strings.CutSuffix(allowed, "…"); ok {
		return strings.HasPrefix(pkg+"/", below)
	}
	return allowed == pkg
}
