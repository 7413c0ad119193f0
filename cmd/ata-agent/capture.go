package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

func runCapture(ctx context.Context, env *environment, args []string) error {
	f := newFlags(env, "capture", "record what the agent sends and receives as pcapng: SIP without credentials, names and numbers, headers of voice packets; at most 10 minutes and 16 MiB")
	state := f.stateFlag()
	out := f.String("o", "", "file to write, - for the standard output")
	length := f.Duration("for", time.Minute, "how long")
	content := f.Bool("content", false, "the content of voice packets too")
	if err := f.parse(args); err != nil {
		return err
	}
	if *out == "" || f.NArg() > 0 {
		return &usageError{"name the file with -o"}
	}
	url := "/v1/capture?for=" + length.String()
	if *content {
		url += "&content=1"
	}
	body, err := newControlClient(*state).do(ctx, "GET", url, nil)
	if err != nil {
		return err
	}
	defer body.Close()
	if *out == "-" {
		return copied(ctx, env.stdout, body)
	}
	file, err := os.OpenFile(*out, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(copied(ctx, file, body), file.Close())
}

// copied copies until the end, which is also when the user ends it.
func copied(ctx context.Context, w io.Writer, r io.Reader) error {
	if _, err := io.Copy(w, r); err != nil && ctx.Err() == nil {
		return err
	}
	return nil
}

func runTrace(ctx context.Context, env *environment, args []string) error {
	if len(args) == 0 || args[0] != "start" && args[0] != "stop" {
		return &usageError{"say start or stop"}
	}
	f := newFlags(env, "trace", "copy SIP messages to telemetry.hep.server, at most for an hour")
	state := f.stateFlag()
	length := f.Duration("for", 10*time.Minute, "how long")
	if err := f.parse(args[1:]); err != nil {
		return err
	}
	if args[0] == "stop" {
		*length = 0
	}
	body, err := newControlClient(*state).do(ctx, "POST", "/v1/trace?for="+length.String(), nil)
	if err != nil {
		return err
	}
	defer body.Close()
	if *length > 0 {
		fmt.Fprintf(env.stdout, "SIP messages are copied for %s.\n", min(*length, time.Hour))
	}
	return nil
}
