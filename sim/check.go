package sim

// Check reports what is wrong with a sequence of actions, without doing them.
func Check(actions []string) error {
	_, err := parseActions(actions)
	return err
}
