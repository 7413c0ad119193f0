package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strconv"

	"github.com/ata-agent/ata-agent/sim"
)

func runPhone(ctx context.Context, env *environment, args []string) error {
	f := newFlags(env, "phone", "work telephone N of a virtual board\n"+sim.Verbs())
	state := f.stateFlag()
	if err := f.parse(args); err != nil {
		return err
	}
	if f.NArg() < 2 {
		return &usageError{"say which telephone and what it should do\n" + sim.Verbs()}
	}
	n, err := strconv.Atoi(f.Arg(0))
	if err != nil {
		return &usageError{fmt.Sprintf("%q is no telephone: say its number first", f.Arg(0))}
	}
	actions := f.Args()[1:]
	if err := sim.Check(actions); err != nil {
		return &usageError{err.Error()}
	}
	return newControlClient(*state).phone(ctx, n, absolutePaths(actions), env.stdout)
}

// absolutePaths makes the files of say and record mean the same to the agent,
// whose folder is another.
func absolutePaths(actions []string) []string {
	out := append([]string(nil), actions...)
	for i := 1; i < len(out); i++ {
		if out[i-1] == "say" || out[i-1] == "record" {
			if abs, err := filepath.Abs(out[i]); err == nil {
				out[i] = abs
			}
		}
	}
	return out
}

// phone has the agent work a telephone and copies what it reports.
func (c *controlClient) phone(ctx context.Context, n int, actions []string, out io.Writer) error {
	body, err := json.Marshal(phoneRequest{actions})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, fmt.Sprintf("http://agent/v1/phone/%d", n), bytes.NewReader(body))
	if err != nil {
		return err
	}
	res, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("no running agent answers on %s: %w", c.path, err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(res.Body, 4096))
		return errors.New(string(bytes.TrimSpace(text)))
	}
	if _, err := io.Copy(out, res.Body); err != nil {
		return err
	}
	if text := res.Trailer.Get(phoneTrailer); text != "" {
		if plain, err := strconv.Unquote(text); err == nil {
			text = plain
		}
		return errors.New(text)
	}
	return nil
}
