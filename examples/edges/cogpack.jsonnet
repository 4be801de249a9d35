local cog = import 'cogpack';

cog.model {
  predict: 'predict.py:Predictor',
  requirements: ['opencv-python-headless==4.*'],
}
