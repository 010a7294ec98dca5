# Everything of the launcher that a plain CLI command does not need.
for part in say packages runtime console hypervisor server up test storm package; do
  source "$root/tools/launcher/$part.sh"
done
unset part
