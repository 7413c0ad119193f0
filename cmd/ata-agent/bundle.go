package main

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"filippo.io/age"

	"github.com/ata-agent/ata-agent/agent"
	"github.com/ata-agent/ata-agent/sip"
)

// bundleFile is one file of a bundle.
type bundleFile struct {
	name, holds string
	data        []byte
}

func runBundle(ctx context.Context, env *environment, args []string) error {
	f := newFlags(env, "bundle", "show what a technician needs to know, and write it encrypted: state, calls and why they were bad, the last minutes of every line, SIP messages; without credentials, names and numbers")
	stateDir := f.stateFlag()
	to := f.String("to", "", "age recipient who can read it, age1…")
	out := f.String("o", "", "file to write, a tar file encrypted by age")
	numbers := f.Bool("numbers", false, "with the numbers that were dialled, so that the lines' scripts replay")
	text := f.Bool("print", false, "print the content too")
	if err := f.parse(args); err != nil {
		return err
	}
	if f.NArg() > 0 || (*to == "") != (*out == "") {
		return &usageError{"name the recipient with -to and the file with -o, or neither to be shown only"}
	}
	var recipients []age.Recipient
	if *to != "" {
		var err error
		if recipients, err = age.ParseRecipients(strings.NewReader(*to)); err != nil {
			return &usageError{"-to is no age recipient: " + err.Error()}
		}
	}
	files, err := collectBundle(ctx, newControlClient(*stateDir), *numbers)
	if err != nil {
		return err
	}
	showBundle(env.stdout, files, *text)
	if *out == "" {
		return nil
	}
	return writeBundle(*out, files, recipients)
}

// collectBundle asks the running agent for all that a bundle holds.
func collectBundle(ctx context.Context, c *controlClient, numbers bool) ([]bundleFile, error) {
	var status serviceStatus
	if err := c.get(ctx, "/v1/status", &status); err != nil {
		return nil, err
	}
	var calls []agent.PastCall
	if err := c.get(ctx, "/v1/calls", &calls); err != nil {
		return nil, err
	}
	if !numbers {
		hideWho(&status, calls)
	}
	files := []bundleFile{{"version.txt", "version of the program", fmt.Appendln(nil, "ata-agent", version)}}
	for _, v := range []struct {
		name, holds string
		value       any
	}{
		{"status.json", "state of the lines", status},
		{"calls.json", "ended calls, how they sounded and why", calls},
	} {
		data, err := json.MarshalIndent(v.value, "", "  ")
		if err != nil {
			return nil, err
		}
		files = append(files, bundleFile{v.name, v.holds, append(data, '\n')})
	}
	return collectTexts(ctx, c, files, len(status.Lines), numbers)
}

// collectTexts adds what the agent tells as text.
func collectTexts(ctx context.Context, c *controlClient, files []bundleFile, lines int, numbers bool) ([]bundleFile, error) {
	query, holds := "?numbers=hidden", "last minutes of line %d, numbers hidden"
	if numbers {
		query, holds = "", "last minutes of line %d WITH THE NUMBERS DIALLED"
	}
	for n := 1; n <= lines; n++ {
		data, err := fetchText(ctx, c, fmt.Sprintf("/v1/incident/%d%s", n, query))
		if err != nil {
			return nil, err
		}
		files = append(files, bundleFile{fmt.Sprintf("line%d.txt", n), fmt.Sprintf(holds, n), data})
	}
	messages, err := fetchText(ctx, c, "/v1/sip")
	if err != nil {
		return nil, err
	}
	return append(files, bundleFile{"sip.txt", "last SIP messages with addresses of the network, without credentials, names and numbers", messages}), nil
}

func fetchText(ctx context.Context, c *controlClient, url string) ([]byte, error) {
	body, err := c.do(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	return io.ReadAll(body)
}

// hideWho takes out who the owner is and whom he called.
func hideWho(s *serviceStatus, calls []agent.PastCall) {
	for i := range s.Lines {
		l := &s.Lines[i]
		l.Name, l.User, l.Server = "", "", ""
		l.SIP = sip.Status{Counters: l.SIP.Counters}
		for j := range l.Calls {
			l.Calls[j].Number, l.Calls[j].Remote = "", ""
		}
	}
	for i := range calls {
		calls[i].Number, calls[i].Remote = "", ""
	}
}

func showBundle(w io.Writer, files []bundleFile, content bool) {
	for _, f := range files {
		fmt.Fprintf(w, "%-12s %7d bytes  %s\n", f.name, len(f.data), f.holds)
	}
	if !content {
		return
	}
	for _, f := range files {
		fmt.Fprintf(w, "\n== %s ==\n%s", f.name, f.data)
	}
}

// writeBundle writes a tar file for the recipients' eyes only.
func writeBundle(path string, files []bundleFile, to []age.Recipient) error {
	var out bytes.Buffer
	sealed, err := age.Encrypt(&out, to...)
	if err != nil {
		return fmt.Errorf("bundle: %w", err)
	}
	archive := tar.NewWriter(sealed)
	for _, f := range files {
		head := &tar.Header{Name: "ata-agent-bundle/" + f.name, Mode: 0o600, Size: int64(len(f.data)), ModTime: time.Now()}
		if err := archive.WriteHeader(head); err != nil {
			return fmt.Errorf("bundle: %w", err)
		}
		if _, err := archive.Write(f.data); err != nil {
			return fmt.Errorf("bundle: %w", err)
		}
	}
	if err := errors.Join(archive.Close(), sealed.Close()); err != nil {
		return fmt.Errorf("bundle: %w", err)
	}
	return os.WriteFile(path, out.Bytes(), 0o600)
}

func runReplay(_ context.Context, env *environment, args []string) error {
	f := newFlags(env, "replay", "decide again what a line's script of a bundle says, and tell the first difference")
	words, err := f.parseAround(args)
	if err != nil {
		return err
	}
	if len(words) != 1 {
		return &usageError{"name the file"}
	}
	text, err := os.ReadFile(words[0])
	if err != nil {
		return err
	}
	again, err := agent.Replay(string(text))
	if err != nil {
		return err
	}
	if again != string(text) {
		return errors.New(firstDifference(string(text), again))
	}
	fmt.Fprintf(env.stdout, "%d lines, the same decisions\n", strings.Count(again, "\n"))
	return nil
}

// firstDifference tells where two texts differ.
func firstDifference(recorded, now string) string {
	a, b := strings.Split(recorded, "\n"), strings.Split(now, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("line %d: recorded %q, decided now %q", i+1, a[i], b[i])
		}
	}
	return fmt.Sprintf("recorded %d lines, decided now %d", len(a), len(b))
}
