package importer

import (
	"bytes"
	"encoding/base64"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/provision/crypt"
	"github.com/ata-agent/ata-agent/provision/foreign"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func read(t testing.TB, names ...string) (files []foreign.File) {
	t.Helper()
	for _, name := range names {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, foreign.File{Name: name, Data: data})
	}
	return files
}

// TestGolden imports files in the manner of two PBXs and compares document and
// findings with what a person has looked at.
func TestGolden(t *testing.T) {
	for _, tt := range []struct {
		name   string
		format Format
		files  []string
		users  [2]string
		secret [2]string
	}{
		{"fusionpbx-ht802", Grandstream, []string{"fusionpbx-ht802.xml"}, [2]string{"1001", "1002"}, [2]string{"p&ss<w>ord1", "password2"}},
		{"wazo-ht802", Grandstream, []string{"wazo-ht802.xml"}, [2]string{"1001", "1002"}, [2]string{"secret1", "secret2"}},
		{"fusionpbx-spa112", Cisco, []string{"fusionpbx-spa112.xml"}, [2]string{"1001", "1002"}, [2]string{"p&ssword1", "password2"}},
		{"wazo-spa112", Cisco, []string{"wazo-spa112-common.xml", "wazo-spa112.xml"}, [2]string{"1001", "1002"}, [2]string{"secret1", "secret2"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			files := read(t, tt.files...)
			if f, ok := Detect(files[0].Data); !ok || f != tt.format {
				t.Errorf("Detect = %s, %v, want %s", f, ok, tt.format)
			}
			r, err := Import(Auto, foreign.Opts{Ports: 2, MAC: "000b82aabbcc"}, nil, files...)
			if err != nil {
				t.Fatal(err)
			}
			c, err := config.Parse(tt.name, r.Document)
			if err != nil {
				t.Fatal(err)
			}
			for n, l := range c.Lines {
				if !l.Enabled || l.SIP.User != tt.users[n] || l.SIP.Password.Reveal() != tt.secret[n] {
					t.Errorf("line %d: enabled %v, user %q", n+1, l.Enabled, l.SIP.User)
				}
			}
			golden(t, tt.name+".json", r.Document)
			var findings bytes.Buffer
			for _, f := range r.Findings {
				findings.WriteString(f.String() + "\n")
			}
			golden(t, tt.name+".findings", findings.Bytes())
			for _, secret := range append(tt.secret[:], "adminpass", "provpass", "<w>") {
				if strings.Contains(findings.String(), secret) {
					t.Errorf("the findings tell %q", secret)
				}
			}
		})
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is not what it was (-update rewrites it), %v:\n%s", path, err, got)
	}
}

// TestEncrypted opens the profile that OpenSSL encrypted in each of its ways.
func TestEncrypted(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "crypt", "testdata", "vectors.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	for line := range strings.Lines(string(text)) {
		f := strings.Split(strings.TrimSpace(line), "\t")
		if !strings.HasPrefix(line, "openssl") {
			continue
		}
		data, err := base64.StdEncoding.DecodeString(f[3])
		if err != nil {
			t.Fatal(err)
		}
		tried++
		file := foreign.File{Name: f[0], Data: data}
		r, err := Import(Auto, foreign.Opts{}, []string{"another", f[1]}, file)
		if err != nil || !strings.Contains(string(r.Document), `"user": "1001"`) {
			t.Errorf("%s: %v", f[0], err)
		}
		if _, err := Import(Auto, foreign.Opts{}, []string{"another"}, file); !errors.Is(err, crypt.ErrKey) {
			t.Errorf("%s with another key: %v, want ErrKey", f[0], err)
		}
	}
	if tried != 6 {
		t.Errorf("%d files, want 6", tried)
	}
}

func TestFormats(t *testing.T) {
	files := read(t, "wazo-ht802.xml", "wazo-spa112.xml")
	for name, set := range map[string][]foreign.File{
		"none": nil, "two makers": files, "neither": {{Name: "x", Data: []byte(`{"schema": 1}`)}}, "empty": {{Name: "x"}},
	} {
		if _, err := Import(Auto, foreign.Opts{}, nil, set...); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v, want ErrFormat", name, err)
		}
	}
	if _, err := Import("yealink", foreign.Opts{}, nil, files[0]); err == nil {
		t.Error("a format that is not known is taken")
	}
	if _, err := Import(Grandstream, foreign.Opts{}, nil, files[1]); err == nil {
		t.Error("a flat profile is taken for P values")
	}
	for text, want := range map[string]Format{
		"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><!-- x --><flat-profile>": Cisco,
		"\xef\xbb\xbf<gs_provision>": Grandstream,
		"P1 = 2":                     Grandstream,
		"<device><flat-profile>":     "",
	} {
		if got, _ := Detect([]byte(text)); got != want {
			t.Errorf("Detect(%q) = %q, want %q", text, got, want)
		}
	}
}

func FuzzImport(f *testing.F) {
	for _, file := range read(f, "fusionpbx-ht802.xml", "wazo-ht802.xml", "fusionpbx-spa112.xml", "wazo-spa112.xml") {
		f.Add(file.Data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := Import(Auto, foreign.Opts{Ports: 2}, []string{"key"}, foreign.File{Name: "f", Data: data})
		if err != nil {
			return
		}
		if _, err := config.Parse("f", r.Document); err != nil {
			t.Errorf("the document is not valid: %v\n%s", err, r.Document)
		}
	})
}
