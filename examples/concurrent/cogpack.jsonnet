local cog = import 'cogpack';

cog.model {
  predict: 'predict.py:Predictor',
}
